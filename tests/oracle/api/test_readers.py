"""What a client must take: who reads nothing, or next to nothing, holds neither memory nor a place."""

import time
from contextlib import ExitStack, suppress

import pytest

from oracle.commands import doors
from tests.oracle.api.serving import MOST, asking, dial, dial_small, held, served, serves, upgrading
from tests.oracle.running import eventually


def test_connections__answers_that_nobody_reads__are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        stuck = [dial(stack, port, "127.0.0.2") for _ in range(MOST // 8)]
        for one in stuck:
            one.sendall(asking(30_000_000))

        eventually(lambda: served(port, "127.0.0.2"), "there is room again", patience=10)


def test_connections__unread_answers_below_the_transports_mark__are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 0.3)
    monkeypatch.setattr(doors, "REQUEST_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        # some of these sizes leave less than 64 KB to the transport, whatever the sockets hold
        for number, size in enumerate(range(20_000, 320_000, 10_000)):
            dial_small(stack, port, f"127.0.0.{2 + number}", asking(size))
        assert held(port)

        eventually(lambda: not held(port), "all are closed", patience=15)


@pytest.mark.parametrize(("least", "whole"), [(doors.LEAST_TAKEN, True), (100_000_000, False)], ids=["enough", "less"])
def test_connections__answer_that_is_read_slowly__is_given_up_below_the_least_rate(
    monkeypatch: pytest.MonkeyPatch, least: int, whole: bool
) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 2.0)
    monkeypatch.setattr(doors, "LEAST_TAKEN", least)
    with serves() as port, ExitStack() as stack:
        found = dial_small(stack, port, "127.0.0.2", asking(2_000_000))
        received = 0
        with suppress(ConnectionError):
            while received < 2_000_000 and (part := found.recv(8_192)):
                received += len(part)
                time.sleep(0.02)
        assert (received >= 2_000_000) is whole


@pytest.mark.parametrize("path", ["400000", "parts"], ids=["answered", "owed"])
def test_connections__all_places_taken_by_who_reads_nothing__strangers_are_served(path: str) -> None:
    with serves(api_connections=16) as port, ExitStack() as stack:
        for number in range(14):
            dial_small(stack, port, f"127.0.0.{2 + number // 2}", asking(path))
        eventually(lambda: served(port, "127.0.0.70"), "a stranger is served", patience=10)
        for number in range(14):
            eventually(lambda one=f"127.0.0.{71 + number}": served(port, one), "and others", patience=10)  # type: ignore[misc]


def test_connections__evicted_while_it_reads_nothing__is_closed_at_once() -> None:
    with serves(api_connections=16) as port, ExitStack() as stack:
        for number in range(14):
            dial_small(stack, port, f"127.0.0.{2 + number // 2}", asking(400_000))
        eventually(lambda: held(port) == 14, "all are connected")
        for number in range(30):
            dial(stack, port, f"127.0.0.{20 + number // 2}")

        eventually(lambda: held(port) <= 16, "no more are held than counted", patience=8)


def test_connections__feed_that_nobody_reads__is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        for _ in range(MOST // 8):
            dial_small(stack, port, "127.0.0.3", upgrading("large"))

        eventually(lambda: served(port, "127.0.0.3"), "there is room again", patience=10)
