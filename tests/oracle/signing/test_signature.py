"""Signatures as bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.errors import InvalidSignature
from oracle.signing import LocalSigner, Signature
from oracle.signing.signature import CURVE_ORDER

secrets = st.integers(1, CURVE_ORDER - 1).map(lambda number: number.to_bytes(32, "big"))


@settings(max_examples=50, deadline=None)
@given(secret=secrets, digest=st.binary(min_size=32, max_size=32))
def test_from_bytes__both_forms__are_the_same_signature_of_the_same_signer(secret: bytes, digest: bytes) -> None:
    signer = LocalSigner(secret)
    signature = signer.sign(digest)
    assert len(signature.full()) == 65
    assert len(signature.compact()) == 64
    for raw in (signature.full(), signature.compact()):
        assert Signature.from_bytes(raw) == signature
        assert Signature.from_bytes(raw).signer(digest) == signer.address


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"\x01" * 63, "63 bytes"),
        (b"", "0 bytes"),
        (bytes(32) + b"\x01" * 32 + b"\x1b", "r is outside"),
        (b"\x01" * 32 + bytes(32) + b"\x1b", "s is zero"),
        (b"\x01" * 64 + b"\x1d", "v is neither"),
        (b"\x01" * 32 + (CURVE_ORDER - 1).to_bytes(32, "big") + b"\x1b", "malleable"),
    ],
)
def test_from_bytes__unusable__is_refused_with_the_reason(raw: bytes, problem: str) -> None:
    with pytest.raises(InvalidSignature, match=problem):
        Signature.from_bytes(raw)


def test_signer__r_of_no_point__is_refused() -> None:
    # 5 is the x of no point on secp256k1: 5**3 + 7 is no square modulo the field's prime
    with pytest.raises(InvalidSignature, match="no key can have made it"):
        Signature(5, 1, 0).signer(b"\x07" * 32)


def test_from_hex__not_hexadecimal__is_refused() -> None:
    with pytest.raises(InvalidSignature, match="not hexadecimal"):
        Signature.from_hex("0xzz")
