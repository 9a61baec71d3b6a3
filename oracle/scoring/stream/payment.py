"""A payment as the compiled streams take it."""

import hashlib
from collections.abc import Callable

from oracle.scoring.stream.stream import Transfer, key_of
from oracle.scoring.types import MICRO, Payment

_LATEST = (1 << 32) - 1


def transfer_of(payment: Payment, not_before: int, *, key: Callable[[str], int] = key_of) -> Transfer:
    """The payment as a transfer at its own time, or at `not_before` (unix seconds) if that is later: the last one's.

    Its token counts as worth a dollar: a core lists such. `key`: `key_of`, or a memory of it for parties and tokens.
    """
    # payments outside of any transaction known here must not look as if they shared one
    tx = payment.tx or hashlib.sha256(payment.payment_id.encode()).hexdigest()
    return Transfer(
        time=min(max(payment.timestamp, not_before), _LATEST),
        sender=key(payment.sender),
        recipient=key(payment.recipient),
        token=key(payment.token),
        tx=key_of(tx),
        amount=payment.micro / MICRO,
    )
