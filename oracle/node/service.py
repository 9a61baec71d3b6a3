"""The node as its API and commands see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from oracle.chain.contracts import PaymentTerms
from oracle.chain.deployment import Token
from oracle.chain.status import PaymentStatus
from oracle.node.instant import OwnReport
from oracle.node.views import (
    Analysis,
    FeedEvent,
    Health,
    InstantQuote,
    ListChange,
    Listing,
    ListKind,
    PaymentDetail,
    PaymentPage,
    Stage,
    Stats,
    WalletRisk,
)
from oracle.signing import SignedBatch, SignedReport


@dataclass(frozen=True, slots=True)
class OpenQuote:
    """An intent that this node has signed and of whose `quorum` the other signatures are missing."""

    terms: PaymentTerms
    token: Token
    own: OwnReport
    quorum: int


class NodeService(Protocol):
    """Every method is synchronous, thread-safe and short (a few milliseconds; quotes read the chain once a second), but
    `finish_quote` and `quote_instant`, which wait for peers.

    Addresses and ids may come in any letter case and leave in lower case. All raise errors of `oracle.errors` only:
    RequestError for what the caller can correct, NotReady until the first catch-up (for what is signed also while the
    node lags behind the chain), StoreError and ChainError for what the operator must look at.
    """

    def token(self, token: str | None) -> Token:
        """The accepted token of that address or symbol; None gives the deployment's first. Raises TokenUnknown."""
        ...

    def analyze(
        self,
        *,
        payment_id: str,
        sender: str,
        recipient: str,
        token: Token,
        amount: int,
        timestamp: int | None,
    ) -> Analysis:
        """Score a payment that need not exist, as of all canonical payments, without remembering it.

        `payment_id` is any text the caller likes, `amount` in base units, `timestamp` None means now.
        Raises InvalidAddress, InvalidPayment.
        """
        ...

    def quote_instant(
        self, *, sender: str, recipient: str, token: Token, amount: int, reference: str | None = None
    ) -> InstantQuote:
        """Signed reports of a quorum and calldata for `payInstant`; `reference` (32 hex digits or a UUID) is the
        sender's next where None. With a quorum above one, the configured peers are asked for theirs.

        Raises InvalidAddress, InvalidReference, InvalidPayment, NoSigner, QuorumUnreachable, NotReady.
        """
        ...

    def begin_quote(
        self, *, sender: str, recipient: str, token: Token, amount: int, reference: str | None = None
    ) -> InstantQuote | OpenQuote:
        """The part of `quote_instant` that waits for nobody: the whole of it where the quorum is one.

        Raises InvalidAddress, InvalidReference, InvalidPayment, NoSigner, NotReady.
        """
        ...

    def finish_quote(self, begun: OpenQuote) -> InstantQuote:
        """The other part: ask the peers. Raises QuorumUnreachable."""
        ...

    def sign_instant(self, *, sender: str, recipient: str, token: Token, amount: int, reference: str) -> SignedReport:
        """This node's own signed report on an intent to pay at once, for a peer that collects a quorum.

        Raises InvalidAddress, InvalidReference, InvalidPayment, NoSigner, NotReady.
        """
        ...

    def wallet(self, address: str) -> WalletRisk:
        """What the engine knows of a wallet; zeros for one that never took part. Raises InvalidAddress."""
        ...

    def stats(self) -> Stats:
        """What has been scored so far."""
        ...

    def listings(self, kind: ListKind) -> tuple[Listing, ...]:
        """The entries of one list, by address."""
        ...

    def list_add(self, kind: ListKind, address: str, *, note: str = "", by: str = "api") -> ListChange:
        """Persist an entry and score with it from the next block on (hypothetical payments: from now on).

        Raises InvalidAddress, InvalidListing (null and burn addresses).
        """
        ...

    def list_remove(self, kind: ListKind, address: str, *, by: str = "api") -> ListChange:
        """Take an entry away. Raises InvalidAddress, ListingUnknown (also where only the chain lists the address)."""
        ...

    def payments(
        self,
        *,
        status: PaymentStatus | None = None,
        stage: Stage | None = None,
        wallet: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> PaymentPage:
        """Canonical payments, newest first, at most `limit` (1 to 500); `before` is a page's `next_before`."""
        ...

    def payment(self, payment_id: str) -> PaymentDetail:
        """One payment with events, report, evidence and transactions. Raises PaymentUnknown."""
        ...

    def report(self, payment_id: str) -> SignedReport:
        """This node's own signed report, for its peers. Raises PaymentUnknown, NoSigner."""
        ...

    def sign_batch(self, payment_ids: Sequence[str]) -> SignedBatch:
        """This node's own reports on those of these payments that it knows, in this order, under one signature, for its
        peers.

        Raises PaymentUnknown where it knows none, NoSigner, NotReady.
        """
        ...

    def health(self) -> Health:
        """Never raises and never waits for the chain."""
        ...

    def subscribe(self, listener: Callable[[FeedEvent], None]) -> Callable[[], None]:
        """Call `listener` with every event from now on, in order, from the node's threads; returns how to stop that.

        A listener must return at once and not raise (an asyncio consumer passes
        `lambda event: loop.call_soon_threadsafe(queue.put_nowait, event)`); one that raises is dropped and logged.
        """
        ...
