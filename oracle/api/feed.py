"""The live feed: every event of the node to every WebSocket client, none of whom can slow the others down."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from oracle.api.clients import asker
from oracle.node import FeedEvent, NodeService

HEARTBEAT = 15.0
"""Seconds of silence after which a heartbeat is sent, so that dead connections are noticed."""
MOST_CLIENTS = 200
MOST_PER_ADDRESS = MOST_CLIENTS // 10
"""Of these, how many one address may have."""
TRY_LATER = 1013
"""WebSocket close code "try again later"."""


class Feed:
    """Passes the node's events from its threads to the clients' queues."""

    def __init__(self, service: NodeService, *, queue: int) -> None:
        self._service = service
        self._size = queue
        self._clients: set[asyncio.Queue[FeedEvent | None]] = set()
        self._served: Counter[str] = Counter()
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen to the node. Called in the event loop that serves the clients."""
        loop = asyncio.get_running_loop()
        self._unsubscribe = self._service.subscribe(lambda event: _pass_on(loop, self._spread, event))

    def stop(self) -> None:
        """Stop listening and let every client go."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for queue in tuple(self._clients):
            self._drop(queue)

    async def serve(self, socket: WebSocket) -> None:
        """One client, until it leaves, lags behind or the node stops."""
        address = asker(socket)
        if self._served.total() >= MOST_CLIENTS:
            await socket.close(TRY_LATER, f"{MOST_CLIENTS} clients are connected already")
            return
        if self._served[address] >= MOST_PER_ADDRESS:
            await socket.close(TRY_LATER, f"{MOST_PER_ADDRESS} clients of this address are connected already")
            return
        self._served[address] += 1
        try:
            await socket.accept()
            await self._feed(socket)
        finally:
            self._served[address] -= 1
            if not self._served[address]:
                del self._served[address]

    async def _feed(self, socket: WebSocket) -> None:
        queue: asyncio.Queue[FeedEvent | None] = asyncio.Queue(self._size + 1)
        self._clients.add(queue)
        reader = asyncio.create_task(_read_until_gone(socket))
        sender = asyncio.create_task(self._send(socket, queue))
        try:
            await asyncio.wait({reader, sender}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients.discard(queue)
            for task in (reader, sender):
                task.cancel()
            await asyncio.gather(reader, sender, return_exceptions=True)

    async def _send(self, socket: WebSocket, queue: "asyncio.Queue[FeedEvent | None]") -> None:
        await socket.send_json({"type": "hello", "heartbeat_seconds": HEARTBEAT})
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), HEARTBEAT)
            except TimeoutError:
                await socket.send_json({"type": "heartbeat"})
                continue
            if event is None:
                await socket.close(TRY_LATER, "the node stops, or this client lagged too far behind")
                return
            await socket.send_json(_event_json(event))

    def _spread(self, event: FeedEvent) -> None:
        for queue in tuple(self._clients):
            if queue.qsize() >= self._size:
                self._drop(queue)
            else:
                queue.put_nowait(event)

    def _drop(self, queue: "asyncio.Queue[FeedEvent | None]") -> None:
        self._clients.discard(queue)
        while queue.qsize() >= self._size:
            queue.get_nowait()
        queue.put_nowait(None)


def feed_router(feed: Feed) -> APIRouter:
    """The WebSocket route."""
    router = APIRouter()

    @router.websocket("/ws")
    async def live(socket: WebSocket) -> None:
        await feed.serve(socket)

    return router


def _pass_on(loop: asyncio.AbstractEventLoop, spread: Callable[[FeedEvent], None], event: FeedEvent) -> None:
    # an event that arrives while the loop closes has nobody left to go to
    if not loop.is_closed():
        loop.call_soon_threadsafe(spread, event)


async def _read_until_gone(socket: WebSocket) -> None:
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        return


def _event_json(event: FeedEvent) -> dict[str, Any]:
    return {"sequence": event.sequence, "type": event.type, "time": event.time, "data": dict(event.data)}
