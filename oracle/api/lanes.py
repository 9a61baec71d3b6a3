"""Threads of their own for requests that must not wait for others, and a fair turn at them for every client."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from oracle.errors import NodeBusy

PLACES = 1_000
"""Requests that one lane holds at most: two seconds of quotes at the rate that a node is made for."""
SHARE = PLACES // 10
"""Of these, what one client may take."""
PATIENCE = 5.0
"""Seconds after which a request that has not been begun is not worked on any more: whoever asked has gone."""
T = TypeVar("T")


class Lane:
    """A few threads for one kind of work. For one event loop.

    Clients whose requests wait take turns, each with its oldest request, so that one that asks for much makes nobody
    else wait for all of it.
    """

    def __init__(self, name: str, threads: int, *, ahead: int = 0) -> None:
        """`ahead`: requests that are handed to the threads while these are busy, so that none waits for the loop."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"payflow-{name}")
        self._free = threads + ahead
        self._inside: Counter[str] = Counter()
        self._all = 0
        self._turns: dict[str, deque[asyncio.Future[None]]] = {}

    async def run(self, client: str, work: Callable[[], T]) -> T:
        """What `work` returns or raises, from one of the threads.

        Raises NodeBusy where too many wait already, or where it could not be begun in time.
        """
        if self._all >= PLACES or self._inside[client] >= SHARE:
            raise NodeBusy(waiting=self._all)
        asked = time.monotonic()
        self._inside[client] += 1
        self._all += 1
        try:
            await self._turn(client)
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pool, self._in_time, work, asked)
            finally:
                self._next()
        finally:
            self._all -= 1
            self._inside[client] -= 1
            if not self._inside[client]:
                del self._inside[client]

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _in_time(self, work: Callable[[], T], asked: float) -> T:
        if time.monotonic() - asked > PATIENCE:
            raise NodeBusy(waiting=self._all)
        return work()

    async def _turn(self, client: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._next()
            raise

    def _next(self) -> None:
        """Pass the turn to the client that has waited longest for one."""
        while self._turns:
            client = next(iter(self._turns))
            waiting = self._turns.pop(client)
            turn = waiting.popleft()
            if waiting:
                self._turns[client] = waiting
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
