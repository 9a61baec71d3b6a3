"""Rows of data sets as payments."""

from oracle.backtest.source import MOST_DECIMALS
from oracle.datasets import Transfers
from oracle.scoring import Payment


def payment_of(transfers: Transfers, row: int, tx: str = "") -> Payment:
    """A row as a payment with an id made of its number, in the transaction `tx`, or in none."""
    token = transfers.tokens[int(transfers.token[row])]
    return Payment(
        payment_id=f"0x{row:064x}",
        sender=transfers.parties[int(transfers.sender[row])],
        recipient=transfers.parties[int(transfers.recipient[row])],
        token=token.address,
        amount=int(transfers.units[row]),
        decimals=min(token.decimals, MOST_DECIMALS),
        timestamp=int(transfers.time[row]),
        tx=tx,
    )
