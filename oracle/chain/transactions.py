"""Own transactions: fees, broadcast with every refusal told apart, receipts. What is sent when is the node's part."""

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Literal

from oracle.chain.answers import HASH, WORD, Answer
from oracle.chain.rpc import Rpc
from oracle.errors import FeeLimitReached, RpcRejected

GWEI = 10**9
NONCE = 53
"""Bits of a nonce: more is no count of anything, and the next one would not fit the journal."""


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees of an attempt, in wei per gas; `priority` is the tip, `most` the limit that includes it."""

    most: int
    priority: int


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """What this node is willing to pay. Wei per gas; `bump` is the fraction by which a replacement raises both fees."""

    limit: int
    priority: int
    bump: Fraction

    def first(self, base_fee: int) -> Fees:
        """Fees of a first attempt: good for six full blocks in a row (each raises the base fee by 12.5%).

        Raises FeeLimitReached where even the next block would cost more than the limit.
        """
        needed = base_fee + self.priority
        if needed > self.limit:
            raise FeeLimitReached(needed=needed, limit=self.limit)
        # where that suffices, something is left for one replacement
        most = int(self.limit / (1 + self.bump))
        return Fees(min(needed + base_fee, most if needed <= most else self.limit), self.priority)

    def replacement(self, last: Fees, base_fee: int) -> Fees:
        """Fees that every client takes in place of `last` and that suffice now. Raises FeeLimitReached."""
        priority = max(math.ceil(last.priority * (1 + self.bump)), self.priority, 1)
        most = max(math.ceil(last.most * (1 + self.bump)), 2 * base_fee + priority, 1)
        cheapest = max(math.ceil(last.most * (1 + self.bump)), base_fee + priority)
        if cheapest > self.limit:
            raise FeeLimitReached(needed=cheapest, limit=self.limit)
        return Fees(min(most, self.limit), priority)


class Broadcast(Enum):
    """What the RPC node said to a transaction."""

    ACCEPTED = "accepted"
    KNOWN = "already known"
    NONCE_USED = "its nonce is used"
    UNDERPRICED = "it pays too little, or no more than another with this nonce"
    POOR = "the account cannot pay for it"
    UNDECIDED = "something failed behind the RPC node: it may have arrived or not"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction was included."""

    tx: str
    block: int
    block_hash: str
    succeeded: bool
    gas_used: int


class TransactionPort:
    """Nonces, broadcast and receipts through one RPC client. Thread-safe."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self.endpoint = rpc.endpoint

    def nonce(self, address: str, *, tag: Literal["latest", "pending"] = "latest", at: int | None = None) -> int:
        """How many transactions of `address` are included, up to block `at` where that is given, or, "pending",
        included or waiting without a gap."""
        block = tag if at is None else hex(at)
        return self._rpc.ask("eth_getTransactionCount", address, block).number(bits=NONCE)

    def gas_of_nothing(self, address: str) -> int:
        """Gas for a transaction of `address` to itself: more than 21,000 where the chain charges for more than work.
        Raises RpcRejected where the RPC node does not try it."""
        return self._rpc.ask("eth_estimateGas", {"from": address, "to": address}).number()

    def balance(self, address: str) -> int:
        """Wei that `address` holds."""
        return self._rpc.ask("eth_getBalance", address, "latest").number(bits=WORD)

    def is_known(self, tx: str) -> bool:
        """Whether the node has the transaction, waiting or included."""
        found = self._found("eth_getTransactionByHash", tx)
        return found is not None and found.member("hash").data(HASH) == tx

    def receipt(self, tx: str) -> Receipt | None:
        """The receipt, or None while the transaction is not included. Raises RpcInconsistent for a malformed one."""
        found = self._found("eth_getTransactionReceipt", tx)
        if found is None or found.member("blockHash").missing:
            return None
        return Receipt(
            tx=tx,
            block=found.member("blockNumber").number(),
            block_hash=found.member("blockHash").data(HASH),
            succeeded=found.member("status").number() == 1,
            gas_used=found.member("gasUsed").number(),
        )

    def _found(self, method: str, tx: str) -> Answer | None:
        try:
            found = self._rpc.ask(method, tx)
        except RpcRejected as refused:
            # instead of null
            if any(sign in refused.message.lower() for sign in _UNKNOWN):
                return None
            raise
        return None if found.missing else found

    def broadcast(self, raw: str) -> tuple[Broadcast, str]:
        """Send a signed transaction once; returns what became of it and the node's words.

        Raises RpcUnavailable where no answer came: the transaction may or may not have arrived.
        """
        try:
            self._rpc.write("eth_sendRawTransaction", raw)
        except RpcRejected as refused:
            return classify(refused.message), refused.message
        return Broadcast.ACCEPTED, ""


def classify(message: str) -> Broadcast:
    """What a refusal means; the words are those of geth, erigon, nethermind, besu, reth and anvil."""
    # a space before, so that a sign can ask for the beginning of a word
    words = " " + message.lower()
    for meaning, signs in _REFUSALS.items():
        if any(sign in words for sign in signs):
            return meaning
    return Broadcast.REFUSED


_UNKNOWN = (
    "transaction not found",
    "tx not found",
    "receipt not found",
    "resource not found",
    "unknown transaction",
    "indexing is in progress",
)

_REFUSALS: dict[Broadcast, tuple[str, ...]] = {
    Broadcast.KNOWN: (
        "already known",
        "already imported",
        " known transaction",
        "alreadyknown",
        "already exists",
        "existing tx with same hash",
        "already in mempool",
    ),
    Broadcast.UNDERPRICED: (
        "underpriced",
        "feetoolow",
        "replacement fee too low",
        "gas price too low",
        "gas price is too low",
        "below configured minimum gas price",
        "minimum floor",
        "below current base fee",
        "less than block base fee",
        "ownnoncealreadyused",
        "pool is full",
        "could not replace existing tx",
        "replacementnotallowed",
        "fee_too_low",
        "fee too low",
    ),
    Broadcast.NONCE_USED: ("nonce too low", "oldnonce", "nonce is too low", "nonce has already been used"),
    Broadcast.POOR: ("insufficient funds", "insufficientfunds", "insufficient balance", "upfront cost exceeds"),
    # by words and not by -32603, which some clients give to every refusal; proxies say so whose upstream was slow
    Broadcast.UNDECIDED: (
        "timeout",
        "time-out",
        "timed out",
        "deadline exceeded",
        "internal error",
        "internal server error",
        "service unavailable",
        "temporarily unavailable",
        "bad gateway",
        "no backends available",
        "no upstream",
        "upstream error",
        "upstream connect",
        "connection reset",
        "connection refused",
        "unexpected eof",
        "context canceled",
        "socket hang up",
        "rate limit",
        "too many requests",
        "compute units",
    ),
}
