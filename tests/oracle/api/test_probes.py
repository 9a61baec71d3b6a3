"""What probes cost a node that is asked thousands of times a second, and what its answers to nonsense are."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from oracle.api import create_app, probes
from oracle.node import Health, NodeService, NodeState
from oracle.settings import Settings


class Asked:
    """A node that counts how often it is asked for its health."""

    def __init__(self) -> None:
        self.times = 0
        self.state = NodeState.READY
        self.threads: set[str] = set()

    def subscribe(self, listener: object) -> Callable[[], None]:
        return lambda: None

    def health(self) -> Health:
        self.times += 1
        self.threads.add(threading.current_thread().name)
        good = self.state is NodeState.READY
        return Health(self.state, good, good, (), 1, 1, 1, 1.0, None, None, 1, "model", "lists")


def client(asked: Asked, registry: CollectorRegistry) -> httpx.AsyncClient:
    app: Any = create_app(cast(NodeService, asked), Settings(), registry=registry)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://node")


def test_health__asked_a_thousand_times__the_node_is_asked_a_few_times_and_off_the_loop() -> None:
    asked = Asked()

    async def check() -> set[int]:
        async with client(asked, CollectorRegistry()) as http:
            answers = [await http.get(path) for _ in range(500) for path in ("/health", "/ready")]
            assert answers[0].headers["x-content-type-options"] == "nosniff"
            return {one.status_code for one in answers}

    assert asyncio.run(check()) == {200}
    assert 2 <= asked.times <= 100
    assert threading.main_thread().name not in asked.threads


def test_health__the_node_stops__shows_within_about_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "KEPT", 0.1)
    asked = Asked()

    async def check() -> list[int]:
        async with client(asked, CollectorRegistry()) as http:
            before = [(await http.get(path)).status_code for path in ("/health", "/ready")]
            asked.state = NodeState.STOPPED
            await asyncio.sleep(0.2)
            return before + [(await http.get(path)).status_code for path in ("/health", "/ready")]

    assert asyncio.run(check()) == [200, 200, 503, 503]


def test_metrics__asked_again__shows_what_was_counted_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "KEPT", 0.1)
    registry = CollectorRegistry()
    counter = Counter("seen", "Things seen", registry=registry)

    async def check() -> list[str]:
        async with client(Asked(), registry) as http:
            before = (await http.get("/metrics")).text
            counter.inc()
            await asyncio.sleep(0.2)
            return [before, (await http.get("/metrics")).text]

    before, after = asyncio.run(check())
    assert "seen_total 0.0" in before
    assert "seen_total 1.0" in after


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({f"{number:x}": 0 for number in range(6_000)}),
        json.dumps({"x" * 50_000: 0}),
        json.dumps({"sender": ["x" * 50_000]}),
        json.dumps({"sender": {"deep": [["x" * 50_000]]}}),
    ],
    ids=["many-keys", "long-key", "long-value", "deep-value"],
)
@pytest.mark.parametrize("path", ["/oracle-format", "/analyze", "/reports/batch"])
def test_request__thousands_of_problems_or_long_ones__a_short_answer(path: str, content: str) -> None:
    async def check() -> httpx.Response:
        async with client(Asked(), CollectorRegistry()) as http:
            return await http.post(path, content=content, headers={"content-type": "application/json"})

    answer = asyncio.run(check())
    found = answer.json()
    assert answer.status_code == 422
    assert len(answer.content) < 10_000
    assert len(found["errors"]) == min(20, found["error_count"])
    assert len(content) < 60_000 or found["error_count"] > 6_000
