"""Collecting signatures while some peers are hostile, slow or dead: the honest quorum is found all the same."""

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
import structlog

from oracle.chain.contracts import Contracts
from oracle.errors import RpcUnavailable
from oracle.node.peers import CO_SIGNING, SETTLING
from oracle.signing import LocalSigner
from tests.oracle.node.speaking import (
    FIRST,
    OWN,
    SECOND,
    THIRD,
    always,
    answering,
    anybody,
    asking,
    batch,
    document,
    reports,
    signed,
    talking,
)
from tests.oracle.running import eventually

INTENT = {"sender": "0x" + "22" * 20}


def test_collect__quotes_use_up_what_a_peer_may_owe__settles_all_the_same() -> None:
    released = threading.Event()

    def hostile(asked: str, _body: Any) -> Any:
        return document(signed(FIRST)) if asked.startswith("POST") else None

    def honest(asked: str, _body: Any) -> Any:
        if asked.startswith("POST"):
            released.wait(20)
        return document(signed(SECOND))

    with talking(answering(hostile)) as near, talking(answering(honest)) as far, asking(near, far) as peers:
        for _ in range(20):
            assert len(peers.co_sign(signed(), INTENT, needed=2, is_signer=anybody)) == 2
        collected = peers.collect(signed(), needed=2, is_signer=anybody)
        released.set()
    assert [one.signer for one in collected] == [OWN.address, SECOND.address]


@pytest.mark.parametrize(("kind", "slots"), [("settle", SETTLING), ("co-sign", CO_SIGNING)])
def test_gather__peer_owes_too_many_answers__is_asked_when_it_gave_one(kind: str, slots: int) -> None:
    hostile_answers = [True]

    def hostile(_asked: str, _body: Any) -> Any:
        return document(signed(FIRST)) if hostile_answers else None

    def honest(_asked: str, _body: Any) -> Any:
        time.sleep(0.5)
        return document(signed(SECOND))

    with talking(answering(hostile)) as near, talking(answering(honest)) as far, asking(near, far, timeout=20) as peers:

        def gather() -> int:
            if kind == "settle":
                return len(peers.collect(signed(), needed=2, is_signer=anybody))
            return len(peers.co_sign(signed(), INTENT, needed=2, is_signer=anybody))

        # the hostile one is quick, so that the honest one is left with as many requests as it may owe
        for _ in range(slots + 3):
            assert gather() == 2
        hostile_answers.clear()
        assert gather() == 2


def test_gather__peer_is_dead__is_not_asked_more_often_than_it_may_owe() -> None:
    asked: list[str] = []
    released = threading.Event()

    def dead(line: str, _body: Any) -> Any:
        asked.append(line)
        released.wait(20)

    with (
        talking(always(signed(FIRST))) as near,
        talking(answering(dead)) as far,
        asking(near, far, timeout=20) as peers,
    ):
        for _ in range(20):
            assert len(peers.collect(signed(), needed=2, is_signer=anybody)) == 2
        eventually(lambda: asked, "it is asked")
        time.sleep(0.2)
        waiting = [one for one in threading.enumerate() if one.name == "payflow-peer"]
        released.set()
        assert (len(asked), len(waiting)) == (SETTLING, SETTLING)


def test_collect__no_thread_can_be_started__is_the_peers_silence_and_passes() -> None:
    with talking(always(signed(FIRST))) as url, asking(url) as peers:
        usual = threading.stack_size(1 << 60)  # more than an address space holds: the machine refuses the thread
        try:
            with structlog.testing.capture_logs() as logs:
                for _ in range(2 * SETTLING):
                    assert len(peers.collect(signed(), needed=2, is_signer=anybody)) == 1
        finally:
            threading.stack_size(usual)
        assert all("no thread" in line["problem"] for line in logs)
        assert len(peers.collect(signed(), needed=2, is_signer=anybody)) == 2


def test_collect__chain_is_slower_than_the_time_left__what_was_answered_counts() -> None:
    def is_signer(_address: str) -> bool:
        time.sleep(0.8)
        return True

    with ExitStack() as stack:
        urls = [stack.enter_context(talking(always(signed(key)))) for key in (FIRST, SECOND, THIRD)]
        peers = stack.enter_context(asking(*urls, timeout=0.5))
        assert len(peers.collect(signed(), needed=4, is_signer=is_signer)) == 4


def test_co_sign__many_quotes_in_a_second__the_contract_is_asked_about_a_signer_once() -> None:
    asked: list[str] = []

    def is_signer(address: str) -> bool:
        asked.append(address)
        return address == FIRST.address

    with talking(always(signed(FIRST))) as near, talking(always(signed(SECOND))) as far, asking(near, far) as peers:
        began = time.monotonic()
        for _ in range(20):
            collected = peers.co_sign(signed(), INTENT, needed=3, is_signer=is_signer)
            assert [one.signer for one in collected] == [OWN.address, FIRST.address]
        seconds = time.monotonic() - began
    assert len(asked) <= 2 * (1 + seconds)


def test_collect__strangers_signature_came_first__a_known_signers_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("oracle.node.quorum.LIFETIME", 60)
    asked: list[str] = []
    known = threading.Event()

    def is_signer(address: str) -> bool:
        asked.append(address)
        if known.is_set():
            time.sleep(1.0)  # meanwhile the others answer
        return address in (FIRST.address, OWN.address)

    def stranger(number: int) -> Any:
        key = LocalSigner(bytes([100 + number]) * 32)

        def answer(_asked: str, _body: Any) -> Any:
            if known.is_set():
                time.sleep(0.1 * number)
                return document(signed(key))
            return None

        return answering(answer)

    def honest(_asked: str, _body: Any) -> Any:
        time.sleep(0.2 if known.is_set() else 0)
        return document(signed(FIRST))

    with ExitStack() as stack:
        talks = [stranger(0), stranger(1), answering(honest)]
        peers = stack.enter_context(asking(*[stack.enter_context(talking(talk)) for talk in talks]))
        assert len(peers.collect(signed(), needed=2, is_signer=is_signer)) == 2
        known.set()
        assert len(peers.collect(signed(), needed=2, is_signer=is_signer)) == 2
    assert len(asked) <= 2, "about the honest one at first, and about the first stranger"


def test_collect__chain_does_not_answer__says_so() -> None:
    def is_signer(_address: str) -> bool:
        raise RpcUnavailable(endpoint="http://rpc", method="eth_call", attempts=1, cause="it is away")

    with talking(always(signed(FIRST))) as url, asking(url) as peers, pytest.raises(RpcUnavailable):
        peers.collect(signed(), needed=2, is_signer=is_signer)


def test_collect_batch__peer_lacks_one_and_another_is_silent__does_not_wait_for_the_whole_time() -> None:
    wanted = reports(50)
    released = threading.Event()

    def silent(_asked: str, _body: Any) -> Any:
        released.wait(30)

    with (
        talking(always(batch(wanted[:-1], FIRST))) as near,
        talking(answering(silent)) as far,
        asking(near, far, timeout=20) as peers,
    ):
        began = time.monotonic()
        collected = peers.collect_batch(batch(wanted), needed=2, is_signer=anybody)
        seconds = time.monotonic() - began
        released.set()
    assert [len(one.reports) for one in collected] == [50, 49]
    assert seconds < 15


@pytest.mark.parametrize(
    ("known", "needed"),
    [([1], 2), ([49], 3), ([49, 48], 3)],
    ids=["a-small-part", "of-too-few", "of-different-ones"],
)
def test_collect_batch__what_is_there_settles_little_or_nothing__the_others_are_waited_for(
    known: list[int], needed: int
) -> None:
    wanted, keys = reports(50), [FIRST, SECOND]

    def slow(_asked: str, _body: Any) -> Any:
        time.sleep(1.5)
        return document(batch(wanted, THIRD))

    with ExitStack() as stack:
        quick = [always(batch(wanted[:count], key)) for count, key in zip(known, keys, strict=False)]
        urls = [stack.enter_context(talking(talk)) for talk in (*quick, answering(slow))]
        peers = stack.enter_context(asking(*urls, timeout=4))
        collected = peers.collect_batch(batch(wanted), needed=needed, is_signer=anybody)
    assert len(collected) == 2 + len(known)


@pytest.mark.parametrize(
    ("lifetime", "issued_at", "expires_at", "taken"),
    [
        (120, 1_000, 1_120, True),
        (120, 985, 1_105, True),
        (120, 1_015, 1_135, True),
        (120, 1_000, 1_110, True),
        (120, 984, 1_104, False),
        (120, 1_016, 1_136, False),
        (120, 1_000, 1_121, False),
        (120, 985, 1_135, False),
        (120, 1_010, 1_104, False),
        (10, 985, 995, False),
        (10, 990, 1_000, False),
        (10, 994, 1_004, False),
        (10, 995, 1_005, True),
        (10, 1_015, 1_025, True),
        (5, 997, 1_002, False),
        (5, 998, 1_003, True),
    ],
)
def test_co_sign__times_by_another_clock__count_where_the_contract_takes_them_for_a_while(
    lifetime: int, issued_at: int, expires_at: int, taken: bool
) -> None:
    own = signed(issued_at=1_000, expires_at=1_000 + lifetime)
    theirs = signed(FIRST, issued_at=issued_at, expires_at=expires_at)
    with talking(always(theirs)) as url, asking(url) as peers:
        assert len(peers.co_sign(own, INTENT, needed=2, is_signer=anybody)) == 1 + taken


@pytest.mark.parametrize("changes", [{"issued_at": 1_001}, {"expires_at": 2_001}, {"expires_at": 1_999}])
def test_collect__times_differ_by_a_second__are_not_the_chains(changes: dict[str, int]) -> None:
    with talking(always(signed(FIRST, **changes))) as url, asking(url) as peers:
        assert len(peers.collect(signed(), needed=2, is_signer=anybody)) == 1


@pytest.mark.parametrize("value", ["x" * 200_000, ["x" * 50_000] * 4, "\n" * 100_000])
def test_collect__answer_holds_a_long_value__the_log_does_not(value: Any) -> None:
    answer = document(signed(FIRST))
    answer["report"]["payment_id"] = value
    with (
        talking(answering(lambda _asked, _body: answer)) as url,
        asking(url) as peers,
        structlog.testing.capture_logs() as logs,
    ):
        assert len(peers.collect(signed(), needed=2, is_signer=anybody)) == 1
    assert len(str(logs)) < 1_000
    assert "payment_id" in logs[0]["problem"]


def test_is_signer__of_one_chain__is_the_same_question_each_time() -> None:
    # what is known of a signer is kept by the function that was asked: methods of one object must be equal
    contracts = Contracts.__new__(Contracts)
    assert {contracts.is_signer: 1}[contracts.is_signer] == 1
