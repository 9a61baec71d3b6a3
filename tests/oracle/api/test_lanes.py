"""Who gets the threads when more is asked than they can do."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from oracle.api import lanes
from oracle.api.lanes import SHARE, Lane
from oracle.errors import NodeBusy


class Gate:
    """Work that waits until it may go on, and says whose it was."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.done: list[str] = []

    def work(self, client: str) -> Callable[[], str]:
        def work() -> str:
            assert self.go.wait(10)
            self.done.append(client)
            return client

        return work


def test_lane__one_client_asks_for_much__another_waits_for_one_of_its_requests_only() -> None:
    async def check() -> list[str]:
        lane, gate = Lane("test", 1), Gate()
        greedy = [asyncio.create_task(lane.run("greedy", gate.work("greedy"))) for _ in range(50)]
        await asyncio.sleep(0)
        modest = asyncio.create_task(lane.run("modest", gate.work("modest")))
        await asyncio.sleep(0)
        gate.go.set()
        await asyncio.gather(*greedy, modest)
        lane.close()
        return gate.done

    done = asyncio.run(check())
    assert len(done) == 51
    assert done.index("modest") <= 2


def test_lane__more_than_a_clients_share__is_refused_and_others_are_not() -> None:
    async def check() -> tuple[list[object], str]:
        lane, gate = Lane("test", 1), Gate()
        greedy = [asyncio.create_task(lane.run("greedy", gate.work("greedy"))) for _ in range(SHARE + 20)]
        await asyncio.sleep(0)
        modest = asyncio.create_task(lane.run("modest", gate.work("modest")))
        await asyncio.sleep(0)
        gate.go.set()
        answers = await asyncio.gather(*greedy, return_exceptions=True)
        found = await modest
        lane.close()
        return list(answers), found

    answers, found = asyncio.run(check())
    assert answers.count("greedy") == SHARE
    assert [type(one) for one in answers if one != "greedy"] == [NodeBusy] * 20
    assert found == "modest"


def test_lane__who_waited_too_long__is_refused_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.05)

    async def check() -> list[str]:
        lane, gate = Lane("test", 1), Gate()
        first = asyncio.create_task(lane.run("a", gate.work("a")))
        late = asyncio.create_task(lane.run("b", gate.work("b")))
        await asyncio.sleep(0.2)
        gate.go.set()
        assert await first == "a"
        with pytest.raises(NodeBusy):
            await late
        lane.close()
        return gate.done

    assert asyncio.run(check()) == ["a"]


def test_lane__who_waits_leaves__the_turn_goes_on() -> None:
    async def check() -> str:
        lane, gate = Lane("test", 1), Gate()
        first = asyncio.create_task(lane.run("a", gate.work("a")))
        gone = asyncio.create_task(lane.run("b", gate.work("b")))
        last = asyncio.create_task(lane.run("c", gate.work("c")))
        await asyncio.sleep(0)
        gone.cancel()
        gate.go.set()
        await first
        found = await asyncio.wait_for(last, 10)
        lane.close()
        return found

    assert asyncio.run(check()) == "c"


def test_lane__work_fails__its_thread_and_place_are_free_again() -> None:
    def fail() -> None:
        time.sleep(0.001)
        raise ValueError

    async def check() -> int:
        lane = Lane("test", 1)
        for _ in range(SHARE + 5):
            with pytest.raises(ValueError):
                await lane.run("a", fail)
        found = await lane.run("a", lambda: 7)
        lane.close()
        return found

    assert asyncio.run(check()) == 7
