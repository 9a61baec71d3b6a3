"""Signatures as bytes: 65-byte and 64-byte (EIP-2098) forms, low s, recovery. Curve arithmetic is libsecp256k1's."""

from dataclasses import dataclass
from typing import Self

import coincurve

from oracle.errors import InvalidSignature
from oracle.signing.hashing import keccak

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HALF_ORDER = CURVE_ORDER // 2
_TOP_BIT = 1 << 255


@dataclass(frozen=True, slots=True)
class Signature:
    """A recoverable ECDSA signature with low s; `parity` is 0 or 1. Raises InvalidSignature for any other."""

    r: int
    s: int
    parity: int

    def __post_init__(self) -> None:
        if not 0 < self.r < CURVE_ORDER:
            raise InvalidSignature(problem="r is outside of the curve's order")
        if not 0 < self.s <= HALF_ORDER:
            raise InvalidSignature(problem="s is zero or in the upper half of the curve's order (malleable)")
        if self.parity not in (0, 1):
            raise InvalidSignature(problem="v is neither 27 nor 28")

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read either form by its length. Raises InvalidSignature."""
        if len(raw) == 65:
            return cls(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64] - 27)
        if len(raw) == 64:
            parity_and_s = int.from_bytes(raw[32:], "big")
            return cls(int.from_bytes(raw[:32], "big"), parity_and_s & (_TOP_BIT - 1), parity_and_s >> 255)
        raise InvalidSignature(problem=f"it has {len(raw)} bytes instead of 65 or 64")

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read 0x hex. Raises InvalidSignature."""
        try:
            raw = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise InvalidSignature(problem="it is not hexadecimal") from None
        return cls.from_bytes(raw)

    def full(self) -> bytes:
        """65 bytes: r, s, v (27 or 28)."""
        return self.r.to_bytes(32, "big") + self.s.to_bytes(32, "big") + bytes((27 + self.parity,))

    def compact(self) -> bytes:
        """64 bytes (EIP-2098): r, then s with the parity in its top bit, which low s leaves free."""
        return self.r.to_bytes(32, "big") + (self.s | self.parity << 255).to_bytes(32, "big")

    def signer(self, digest: bytes) -> str:
        """The address (lower-case 0x hex) whose key signed the 32 bytes `digest`. Raises InvalidSignature."""
        raw = self.r.to_bytes(32, "big") + self.s.to_bytes(32, "big") + bytes((self.parity,))
        try:
            public = coincurve.PublicKey.from_signature_and_message(raw, digest, hasher=None)
        except Exception as failed:  # coincurve raises plain Exception where no point has this r
            raise InvalidSignature(problem=f"no key can have made it ({failed})") from None
        return address_of(public)


def address_of(public: coincurve.PublicKey) -> str:
    """The account address of a public key, lower-case 0x hex."""
    return "0x" + keccak(public.format(compressed=False)[1:])[-20:].hex()
