"""A value that somebody else chose: sentences show its beginning, `data` has all of it."""

import pytest

from oracle.errors import (
    ContractRefused,
    InvalidAddress,
    InvalidAmount,
    InvalidListing,
    InvalidPayment,
    InvalidReference,
    InvalidReport,
    InvalidSetting,
    ListingUnknown,
    PayFlowError,
    PaymentUnknown,
    TokenUnknown,
)

LONG = "x" * 250_000


@pytest.mark.parametrize(
    "error",
    [
        InvalidReport(field="alerts", value=LONG, problem="wrong"),
        InvalidReport(field="alerts", value=[LONG], problem="wrong"),
        InvalidPayment(field="amount", value=LONG, problem="wrong"),
        InvalidSetting(variable="PAYFLOW_PEERS", problem="is wrong", value=LONG),
        InvalidAddress(value=LONG),
        InvalidAmount(value=LONG, problem="wrong"),
        InvalidReference(value=LONG),
        InvalidListing(address=LONG, kind="blacklist", problem="wrong"),
        ListingUnknown(address=LONG, kind="blacklist"),
        PaymentUnknown(payment_id=LONG),
        TokenUnknown(token=LONG, known=()),
        ContractRefused(call="settle", error="Error", arguments={"message": LONG}),
        ContractRefused(call="settle", error="", arguments={}, raw=LONG),
    ],
    ids=lambda error: type(error).__name__,
)
def test_sentence__long_value__is_cut_and_the_data_is_whole(error: PayFlowError) -> None:
    assert len(str(error)) < 400
    assert f"{'x' * 70}" in str(error)
    assert "characters)" in str(error)
    assert LONG in str(error.data)


def test_sentence__hash__is_whole() -> None:
    payment_id = "0x" + "ab" * 32
    assert payment_id in str(InvalidReport(field="payment_id", value=payment_id, problem="wrong"))
    assert payment_id in str(PaymentUnknown(payment_id=payment_id))
