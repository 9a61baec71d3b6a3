"""The key in memory: signs digests and transactions, and shows itself as nothing but an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Never

import coincurve
from eth_account import Account

from oracle.errors import KeyFileInvalid
from oracle.signing import recursion  # noqa: F401 (eth_account brings what raises the limit)
from oracle.signing.signature import CURVE_ORDER, Signature, address_of


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready for broadcast; both as 0x hex."""

    raw: str
    hash: str


class LocalSigner:
    """Signs with a secp256k1 key held by this process. `address` is lower-case 0x hex."""

    __slots__ = ("__key", "address")

    def __init__(self, secret: bytes) -> None:
        """`secret`: the key's 32 bytes. Raises KeyFileInvalid where they are no key (the error does not hold them)."""
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < CURVE_ORDER:
            raise KeyFileInvalid(path="the private key", problem="not 32 bytes within the curve's order")
        self.__key = coincurve.PrivateKey(secret)
        self.address = address_of(self.__key.public_key)

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes; deterministic (RFC 6979), low s."""
        raw = self.__key.sign_recoverable(digest, hasher=None)
        return Signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64])

    def sign_transaction(self, fields: Mapping[str, object]) -> SignedTransaction:
        """Sign a transaction given by its JSON-RPC field names (with `type` 2, `chainId` and `nonce`)."""
        signed = Account.sign_transaction(dict(fields), self.__key.secret)
        return SignedTransaction(raw="0x" + bytes(signed.raw_transaction).hex(), hash="0x" + bytes(signed.hash).hex())

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce__(self) -> Never:
        raise TypeError("a signer cannot be pickled: its key stays in this process")
