"""Quotes while the node behind the API waits or fails."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import httpx
from prometheus_client import CollectorRegistry

from oracle.api import create_app
from oracle.api.app import PEERING, QUOTING, SHARING
from oracle.chain.deployment import Token
from oracle.errors import NoSigner
from oracle.node import InstantQuote, NodeService
from oracle.node.service import OpenQuote
from oracle.settings import Settings

ASKED = {"sender": "0x" + "11" * 20, "recipient": "0x" + "22" * 20, "amount": "1"}


class Stuck:
    """A node whose quotes wait until they are let go, and fail then."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = 0
        self.threads: set[str] = set()

    def subscribe(self, listener: object) -> Callable[[], None]:
        return lambda: None

    def token(self, name: str | None) -> Token:
        return Token("0x" + "33" * 20, "USD", 6)

    def begin_quote(self, **given: object) -> InstantQuote:
        self.asked += 1
        self.threads.add(threading.current_thread().name)
        assert self.go.wait(10)
        raise NoSigner

    def report(self, payment_id: str) -> object:
        raise NoSigner


def test_oracle_format__chain_hangs__other_routes_answer_and_quotes_fail_when_it_fails() -> None:
    stuck = Stuck()

    async def check() -> tuple[int, list[httpx.Response]]:
        app: Any = create_app(cast(NodeService, stuck), Settings(), registry=CollectorRegistry())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node") as client:
            waiting = [asyncio.create_task(client.post("/oracle-format", json=ASKED)) for _ in range(3 * QUOTING)]
            while stuck.asked < QUOTING:
                await asyncio.sleep(0.01)
            # more routes than there are threads for quotes
            others = await asyncio.wait_for(asyncio.gather(*(client.get("/reports/0x12") for _ in range(10))), 10)
            asked = stuck.asked
            stuck.go.set()
            return asked, [*others, *await asyncio.gather(*waiting)]

    asked, answers = asyncio.run(check())
    assert asked == QUOTING
    assert len(stuck.threads) == QUOTING
    assert stuck.asked == 3 * QUOTING
    assert {(one.status_code, one.headers["content-type"]) for one in answers} == {(503, "application/problem+json")}


class Alone(Stuck):
    """A node that scores at once, and whose peers do not answer until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.scored = 0

    def begin_quote(self, **given: object) -> InstantQuote:
        self.scored += 1
        return cast(InstantQuote, OpenQuote(cast(Any, None), cast(Any, None), cast(Any, None), 2))

    def finish_quote(self, begun: OpenQuote) -> InstantQuote:
        return super().begin_quote()


def test_oracle_format__peers_are_silent__quotes_are_scored_all_the_same() -> None:
    alone = Alone()

    async def check() -> int:
        app: Any = create_app(cast(NodeService, alone), Settings(), registry=CollectorRegistry())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node") as client:
            waiting = [asyncio.create_task(client.post("/oracle-format", json=ASKED)) for _ in range(3 * SHARING)]
            while alone.asked < SHARING:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            scored = alone.scored
            alone.go.set()
            await asyncio.gather(*waiting)
            return scored

    assert asyncio.run(check()) == 3 * SHARING
    assert len(alone.threads) == SHARING


def test_reports__other_requests_hang__peers_are_answered() -> None:
    class Hanging(Stuck):
        def stats(self) -> object:
            return super().begin_quote()

    hanging = Hanging()

    async def check() -> list[httpx.Response]:
        app: Any = create_app(cast(NodeService, hanging), Settings(rate_burst=1_000), registry=CollectorRegistry())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node") as client:
            # more than FastAPI has threads
            stuck = [asyncio.create_task(client.get("/stats")) for _ in range(60)]
            while hanging.asked < 40:
                await asyncio.sleep(0.01)
            asked = [asyncio.create_task(client.get("/reports/0x12")) for _ in range(3 * PEERING)]
            answers = await asyncio.wait_for(asyncio.gather(*asked), 10)
            hanging.go.set()
            await asyncio.gather(*stuck)
            return answers

    assert {one.status_code for one in asyncio.run(check())} == {503}
