"""One open transaction: that it waits in the RPC node's pool, at fees that get it included, or gives way to nothing."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from oracle.chain.blocks import Header
from oracle.chain.transactions import Broadcast, FeePolicy, Fees, classify
from oracle.errors import RpcError, TransactionError, TransactionUndecided
from oracle.node.outbox import FILL, Outbox, milliseconds
from oracle.store import Attempt, Database, Intent, intents

UNSEEN = 3
"""Times that fees were raised, or were to be, for what the RPC node took each time and never knew: it drops it."""


class StillUseful(Protocol):
    """Whether an intent would still move any of its payments if it was included in the next block."""

    def __call__(self, intent: Intent, head: Header, *, ask: bool) -> bool:
        """By what is in the journal alone, or, with `ask`, by what the contract says to it now."""
        ...


class Raised(NamedTuple):
    """When fees were last raised, or were to be (unix milliseconds; None: never), and how often."""

    at: int | None
    times: int


NEVER = Raised(None, 0)


class Pusher:
    """Looks after the open intents of one signer, one at a time. Used by the worker thread only."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        policy: FeePolicy,
        bump_after: float,
        still_useful: StillUseful,
        note: Callable[[int, RpcError], None],
    ) -> None:
        """`bump_after`: seconds. `note` is told of an intent's id what the RPC node did not answer about it."""
        self._database = database
        self._outbox = outbox
        self._policy = policy
        self._bump_after = bump_after
        self._still_useful = still_useful
        self._note = note
        self._unanswered: set[int] = set()
        self._known: set[int] = set()
        self._looked: dict[int, tuple[str, str]] = {}
        self._raised: dict[int, Raised] = {}

    def begin(self, open_ids: Collection[int]) -> None:
        """A round begins; what was remembered of other intents is of no use any more."""
        self._unanswered.clear()
        self._known.intersection_update(open_ids)
        self._looked = {one: at for one, at in self._looked.items() if one in open_ids}
        self._raised = {one: at for one, at in self._raised.items() if one in open_ids}

    def push(self, intent: Intent, head: Header, used: int) -> None:
        """See to it that an intent is in the pool, at fees that get it included; `used`: nonces that are.

        Raises TransactionError and RpcError.
        """
        with self._database.reading() as connection:
            tried = intents.attempts_of(connection, intent.id)
        last = tried[-1]
        nothing = last.void or intent.kind == FILL
        known = self._outbox.knows(last.tx)
        if known:
            self._known.add(intent.id)
        # one that will certainly be refused is replaced at once: whoever includes it makes the node pay for nothing
        hopeless = not nothing and not self._is_useful(intent, head, ask=False)
        old, saw_block = self._is_old(last.sent_at), self._saw_block(intent, last, head)
        # higher fees help what could have been included, and was not
        slow = old and intent.nonce <= used and (saw_block or not known)
        raised = self._raised.get(intent.id, NEVER)
        slow = slow and self._is_old(raised.at)
        if known and not hopeless and not slow:
            return
        lost = old and not known and self._is_lost(intent, tried)
        void = last.void or hopeless or lost or (not nothing and not self._is_useful(intent, head, ask=True))
        if not known and void == last.void and (lost or not slow):
            # whatever it answers: "underpriced" may be a full pool, and fees rise with time only
            self._outbox.again(last)
            return
        self._raised[intent.id] = Raised(milliseconds(), raised.times + 1)
        try:
            self._outbox.replace(intent, last, self._fees(tried, head, lost=lost), void=void)
        except TransactionUndecided:
            raise
        except TransactionError as trouble:
            self._outbox.use_up(intent, tried, trouble, void=void)
            raise

    def _is_lost(self, intent: Intent, tried: Sequence[Attempt]) -> bool:
        """Whether the last attempt was refused in the words of a failure, or all of them are dropped silently."""
        last = tried[-1]
        undecided = _meaning(last) is Broadcast.UNDECIDED
        never_known = intent.id not in self._known and self._raised.get(intent.id, NEVER).times >= UNSEEN
        dropped = never_known and not any(one.void for one in tried)
        if not (undecided or dropped) or any(self._outbox.knows(one.tx) for one in tried):
            return False
        if not undecided:
            self._outbox.disbelieve(tried)
        return True

    def _fees(self, tried: Sequence[Attempt], head: Header, *, lost: bool) -> Fees:
        """For one attempt more, by what any pool may hold: fees of what nobody took are beaten by nobody. `lost`:
        nobody took what the RPC node was undecided about, either.

        Raises FeeLimitReached.
        """
        holds = {None, Broadcast.UNDERPRICED} | (set() if lost else {Broadcast.UNDECIDED})
        held = [one for one in tried if _meaning(one) in holds]
        if not held:
            return self._policy.first(head.base_fee or 0)
        return self._policy.replacement(Fees(held[-1].max_fee, held[-1].priority_fee), head.base_fee or 0)

    def _is_useful(self, intent: Intent, head: Header, *, ask: bool) -> bool:
        """One that nobody can say that of gets its turn in the pool all the same. It is asked about once a round."""
        if intent.id in self._unanswered:
            return True
        try:
            return self._still_useful(intent, head, ask=ask)
        except RpcError as trouble:
            self._note(intent.id, trouble)
            self._unanswered.add(intent.id)
            return True

    def _saw_block(self, intent: Intent, last: Attempt, head: Header) -> bool:
        """Whether the head is another than when this attempt was looked at first."""
        tx, seen = self._looked.get(intent.id, ("", ""))
        if tx != last.tx:
            self._looked[intent.id] = (last.tx, head.hash)
            return False
        return seen != head.hash

    def _is_old(self, since: int | None) -> bool:
        """Whether that moment (unix milliseconds) was long enough ago for higher fees."""
        if since is None:
            return True
        age = (milliseconds() - since) / 1000
        # in the future: the clock was wrong then, or is now, and nobody knows how long it has been
        return not 0 <= age < self._bump_after


def _meaning(attempt: Attempt) -> Broadcast | None:
    """What the RPC node had against an attempt; None: nothing."""
    return classify(attempt.problem) if attempt.problem else None
