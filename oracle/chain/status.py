"""The contract's state of a payment, and how its events move it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from oracle.errors import RpcInconsistent


class PaymentStatus(StrEnum):
    """The members of the contract's enum, in its order."""

    NONE = "none"
    PENDING = "pending"
    SETTLED = "settled"
    HELD = "held"
    BLOCKED = "blocked"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FROZEN = "frozen"
    RELEASED = "released"

    @classmethod
    def of(cls, number: int) -> "PaymentStatus":
        """From the contract's number. Raises RpcInconsistent for one that the contract does not have."""
        if not 0 <= number < len(cls):
            raise RpcInconsistent(endpoint="", problem=f"it shows a payment in state {number}, which does not exist")
        return tuple(cls)[number]

    @property
    def is_open(self) -> bool:
        """Whether money is still in escrow and another state must follow."""
        return self in (PaymentStatus.PENDING, PaymentStatus.HELD, PaymentStatus.FROZEN)


def status_after(name: str, arguments: Mapping[str, Any]) -> PaymentStatus | None:
    """The state that an event puts a payment into; None for events that leave it where it is."""
    if name in ("VerdictApplied", "PaymentReviewed"):
        return PaymentStatus.of(int(arguments["status"]))
    return _AFTER.get(name)


_AFTER = {
    "PaymentCreated": PaymentStatus.PENDING,
    "PaymentPaidInstantly": PaymentStatus.SETTLED,
    "PaymentCancelled": PaymentStatus.CANCELLED,
    "PaymentReclaimed": PaymentStatus.CANCELLED,
    "PaymentFrozen": PaymentStatus.FROZEN,
    "PaymentReleased": PaymentStatus.RELEASED,
}
