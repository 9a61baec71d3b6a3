"""What callers send."""

import pytest

from oracle.errors import InvalidAddress, InvalidReference, PaymentUnknown
from oracle.node import requests
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
    assert drawer.draw("0xa", "0x" + "00" * 15 + "ff") == "0x" + "00" * 14 + "0100"
    assert drawer.draw("0xa", "0x" + "00" * 15 + "ff") == "0x" + "00" * 14 + "0101"
    assert drawer.draw("0xb", "0x" + "ff" * 16) == "0x" + "00" * 16
    first, second = (int(drawer.draw("0xc", None), 16) for _ in range(2))
    assert second == (first + 1) % 2**128


@pytest.mark.parametrize("value", ["", "order 7", "0x12"])
def test_reference__anything_else__is_refused(value: str) -> None:
    with pytest.raises(InvalidReference):
        requests.reference(value)


def test_payment_id__no_hash__is_an_unknown_payment() -> None:
    with pytest.raises(PaymentUnknown):
        requests.payment_id("../etc/passwd")
