"""Reading what callers send: addresses, references, ids."""

import re
import uuid

from oracle.errors import InvalidAddress, InvalidReference, PaymentUnknown

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_REFERENCE = re.compile(r"0x[0-9a-f]{32}")
_PAYMENT_ID = re.compile(r"0x[0-9a-f]{64}")


def address(value: str, *, field: str = "address") -> str:
    """In lower case. Raises InvalidAddress."""
    lower = value.strip().lower()
    if not _ADDRESS.fullmatch(lower):
        raise InvalidAddress(value=value, field=field)
    return lower


def payment_id(value: str) -> str:
    """In lower case. Raises PaymentUnknown: nothing else can be an id."""
    lower = value.strip().lower()
    if not _PAYMENT_ID.fullmatch(lower):
        raise PaymentUnknown(payment_id=value)
    return lower


def reference(value: str) -> str:
    """16 bytes as 0x hex, from such hex or from a UUID. Raises InvalidReference."""
    lower = value.strip().lower()
    if _REFERENCE.fullmatch(lower):
        return lower
    try:
        return "0x" + uuid.UUID(lower).hex
    except ValueError:
        raise InvalidReference(value=value) from None
