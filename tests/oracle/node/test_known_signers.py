"""What the contract said of a signer counts for a second, and never longer."""

import threading
from collections.abc import Callable

import pytest

from oracle.errors import PayFlowError, RpcUnavailable
from oracle.node.quorum import KnownSigners
from tests.oracle.running import eventually

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
AWAY = RpcUnavailable(endpoint="http://rpc", method="eth_call", attempts=1, cause="it is away")


class Contract:
    """Its signers; counts what it is asked. `slow` is done with each question."""

    def __init__(self, *signers: str, slow: Callable[[], None] = lambda: None) -> None:
        self.signers = set(signers)
        self.asked: list[str] = []
        self._slow = slow

    def is_signer(self, address: str) -> bool:
        self.asked.append(address)
        found = address in self.signers
        self._slow()
        return found


def test_signers__asked_within_a_second__the_contract_answers_once() -> None:
    now = [0.0]
    known, contract = KnownSigners(lambda: now[0]), Contract(ALICE)
    for moment in (0.0, 0.3, 0.99):
        now[0] = moment
        assert (known(ALICE, contract.is_signer), known(BOB, contract.is_signer)) == (True, False)
    assert contract.asked == [ALICE, BOB]


def test_signers__removed__counts_no_second_longer() -> None:
    now = [0.0]
    known, contract = KnownSigners(lambda: now[0]), Contract(ALICE)
    assert known(ALICE, contract.is_signer)
    contract.signers.clear()
    now[0] = 1.0
    assert not known.remembers(ALICE, contract.is_signer)
    assert not known(ALICE, contract.is_signer)


def test_signers__removed_while_the_contract_was_asked__the_answer_is_as_old_as_the_question() -> None:
    now = [0.0]

    def slow() -> None:
        now[0] += 0.9

    known, contract = KnownSigners(lambda: now[0]), Contract(ALICE, slow=slow)
    assert known(ALICE, contract.is_signer)
    contract.signers.clear()
    now[0] = 1.0
    assert not known(ALICE, contract.is_signer)


def test_signers__chain_fails__fails_for_a_second_without_asking_again() -> None:
    now, asked = [0.0], [0]

    def is_signer(_address: str) -> bool:
        asked[0] += 1
        if now[0] < 1:
            raise AWAY
        return True

    known = KnownSigners(lambda: now[0])
    for _ in range(3):
        with pytest.raises(PayFlowError):
            known(ALICE, is_signer)
    assert asked == [1]
    now[0] = 1.0
    assert known(ALICE, is_signer)


def test_signers__asked_by_a_crowd__one_asks_and_another_address_does_not_wait() -> None:
    released = threading.Event()
    known, found = KnownSigners(lambda: 0.0), list[bool]()
    contract = Contract(ALICE, slow=lambda: None if contract.asked[-1] == BOB else _waited(released))

    def ask() -> None:
        found.append(known(ALICE, contract.is_signer))

    crowd = [threading.Thread(target=ask) for _ in range(5)]
    for one in crowd:
        one.start()
    eventually(lambda: contract.asked, "one asks")
    assert not known(BOB, contract.is_signer)
    released.set()
    for one in crowd:
        one.join(20)
    assert (found, contract.asked) == ([True] * 5, [ALICE, BOB])


def _waited(released: threading.Event) -> None:
    released.wait(20)


def test_signers__a_new_key_each_time__are_not_remembered_for_ever() -> None:
    now = [0.0]
    known, contract = KnownSigners(lambda: now[0]), Contract()
    for number in range(5_000):
        now[0] = number / 100
        known(f"0x{number:040x}", contract.is_signer)
    assert len(known._known) <= 300


def test_remembers__nobody_asked_yet__is_false_and_asks_nobody() -> None:
    contract = Contract(ALICE)
    assert not KnownSigners().remembers(ALICE, contract.is_signer)
    assert contract.asked == []
