"""A payment as the compiled streams take it."""

import hashlib

from oracle.scoring.stream.stream import Transfer, key_of
from oracle.scoring.types import MICRO, Payment

_LATEST = (1 << 32) - 1


def transfer_of(payment: Payment, not_before: int) -> Transfer:
    """The payment as a transfer at its own time, or at `not_before` (unix seconds) if that is later: the last one's."""
    # payments outside of any transaction known here must not look as if they shared one
    tx = payment.tx or hashlib.sha256(payment.payment_id.encode()).hexdigest()
    return Transfer(
        time=min(max(payment.timestamp, not_before), _LATEST),
        sender=key_of(payment.sender),
        recipient=key_of(payment.recipient),
        token=key_of(payment.token),
        tx=key_of(tx),
        amount=payment.micro / MICRO,
    )
