"""Fees, and what RPC nodes say to transactions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.chain.transactions import GWEI, Broadcast, FeePolicy, Fees, classify
from oracle.errors import FeeLimitReached

POLICY = FeePolicy(limit=100 * GWEI, priority=GWEI, bump=Fraction(125, 1000))


def test_first__ordinary_base_fee__leaves_room_for_it_to_double() -> None:
    assert POLICY.first(10 * GWEI) == Fees(21 * GWEI, GWEI)


def test_first__near_the_limit__pays_at_most_the_limit() -> None:
    assert POLICY.first(99 * GWEI) == Fees(100 * GWEI, GWEI)


def test_first__above_the_limit__is_refused() -> None:
    with pytest.raises(FeeLimitReached, match="PAYFLOW_MAX_FEE_GWEI"):
        POLICY.first(100 * GWEI)


@given(most=st.integers(0, 50 * GWEI), priority=st.integers(0, GWEI), base_fee=st.integers(0, 40 * GWEI))
def test_replacement__any_fees__raises_both_by_an_eighth_and_suffices(most: int, priority: int, base_fee: int) -> None:
    new = POLICY.replacement(Fees(most, priority), base_fee)
    assert new.most * 1000 >= most * 1125
    assert new.priority * 1000 >= priority * 1125
    assert base_fee + new.priority <= new.most <= POLICY.limit


def test_replacement__the_limit_leaves_no_room__is_refused() -> None:
    with pytest.raises(FeeLimitReached):
        POLICY.replacement(Fees(95 * GWEI, GWEI), 0)


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("already known", Broadcast.KNOWN),
        ("transaction already imported", Broadcast.KNOWN),
        ("nonce too low: next nonce 4, tx nonce 3", Broadcast.NONCE_USED),
        ("replacement transaction underpriced", Broadcast.UNDERPRICED),
        ("transaction underpriced: tip needed 1, tip permitted 0", Broadcast.UNDERPRICED),
        ("insufficient funds for gas * price + value", Broadcast.POOR),
        ("Insufficient funds for gas * price + value", Broadcast.POOR),
        ("txpool is full", Broadcast.UNDERPRICED),
        ("Gas price below configured minimum gas price", Broadcast.UNDERPRICED),
        ("FeeTooLow, MaxFeePerGas too low", Broadcast.UNDERPRICED),
        ("OwnNonceAlreadyUsed", Broadcast.UNDERPRICED),
        ("max fee per gas less than block base fee: maxFeePerGas: 1, baseFee: 2", Broadcast.UNDERPRICED),
        ("tx fee (1.03 ether) exceeds the configured cap (1.00 ether)", Broadcast.REFUSED),
        ("intrinsic gas too low", Broadcast.REFUSED),
        ("known transaction: 0x12", Broadcast.KNOWN),
        ("unknown transaction type", Broadcast.REFUSED),
        ("Internal error", Broadcast.UNDECIDED),
        ("upstream request timeout", Broadcast.UNDECIDED),
        ("no backends available for method", Broadcast.UNDECIDED),
        ("internal error: already known", Broadcast.KNOWN),
    ],
)
def test_classify__words_of_clients__are_understood(message: str, meaning: Broadcast) -> None:
    assert classify(message) is meaning
