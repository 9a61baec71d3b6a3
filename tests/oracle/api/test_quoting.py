"""Quotes while the node behind the API waits or fails."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import httpx
from prometheus_client import CollectorRegistry

from oracle.api import create_app
from oracle.api.app import QUOTING
from oracle.chain.deployment import Token
from oracle.errors import NoSigner
from oracle.node import InstantQuote, NodeService
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

    def quote_instant(self, **given: object) -> InstantQuote:
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
