"""What callers send."""

import pytest

from oracle.errors import BlockMissing, InvalidAddress, InvalidReference, PaymentUnknown
from oracle.node import requests
from oracle.node.quorum import KnownQuorum
from oracle.node.references import References


def test_address__any_case_and_spaces__in_lower_case() -> None:
    assert requests.address(" 0xABCDEF" + "0" * 34 + " ") == "0xabcdef" + "0" * 34


@pytest.mark.parametrize("value", ["", "0x", "0x" + "0" * 39, "0x" + "g" * 40, "0" * 42, "0x" + "0" * 40 + "\n0"])
def test_address__anything_else__is_refused_by_its_field(value: str) -> None:
    with pytest.raises(InvalidAddress) as refused:
        requests.address(value, field="sender")
    assert refused.value.field == "sender"


def test_reference__uuid_or_hex__become_16_bytes() -> None:
    assert requests.reference("123E4567-e89b-12d3-a456-426614174000") == "0x123e4567e89b12d3a456426614174000"
    assert requests.reference("0x" + "AB" * 16) == "0x" + "ab" * 16


def test_references__asked_again_and_again__are_counted_up_from_the_last_one_paid() -> None:
    drawer = References()
    assert drawer.draw("0xa", lambda: "0x" + "00" * 15 + "ff") == "0x" + "00" * 14 + "0100"
    assert drawer.draw("0xa", lambda: "0x" + "00" * 15 + "ff") == "0x" + "00" * 14 + "0101"
    assert drawer.draw("0xb", lambda: "0x" + "ff" * 16) == "0x" + "00" * 16
    first, second = (int(drawer.draw("0xc", lambda: None), 16) for _ in range(2))
    assert second == (first + 1) % 2**128


def test_known_quorum__asked_often__reads_the_contract_once_a_second() -> None:
    answers, now = iter((1, 3)), [100.0]
    quorum = KnownQuorum(lambda: next(answers), lambda: now[0])
    assert [quorum(), quorum()] == [1, 1]
    now[0] += 0.9
    assert quorum() == 1
    now[0] += 0.2
    assert [quorum(), quorum()] == [3, 3]


def test_known_quorum__chain_out_of_reach__fails_for_a_second_without_asking_again() -> None:
    asked, now = [], [100.0]

    def ask() -> int:
        asked.append(now[0])
        if now[0] < 101:
            raise BlockMissing(endpoint="http://127.0.0.1:1", block=1)
        return 2

    quorum = KnownQuorum(ask, lambda: now[0])
    for _ in range(3):
        with pytest.raises(BlockMissing):
            quorum()
    assert asked == [100.0]
    now[0] += 1.1
    assert quorum() == 2


@pytest.mark.parametrize("value", ["", "order 7", "0x12"])
def test_reference__anything_else__is_refused(value: str) -> None:
    with pytest.raises(InvalidReference):
        requests.reference(value)


def test_payment_id__no_hash__is_an_unknown_payment() -> None:
    with pytest.raises(PaymentUnknown):
        requests.payment_id("../etc/passwd")
