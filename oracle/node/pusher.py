"""One open transaction: that it waits in the RPC node's pool, at fees that get it included, or gives way to nothing."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from oracle.chain.blocks import Header
from oracle.chain.transactions import Broadcast, FeePolicy, Fees, classify
from oracle.errors import RpcError, TransactionError, TransactionUndecided
from oracle.node.outbox import FILL, Outbox, milliseconds
from oracle.store import Attempt, Database, Intent, intents

UNSEEN = 4
"""Times `bump_after` for which the RPC node takes a transaction again and again, and never knows it: it drops it."""


class StillUseful(Protocol):
    """Whether an intent would still move any of its payments if it was included in the next block."""

    def __call__(self, intent: Intent, head: Header, *, ask: bool) -> bool:
        """By what is in the journal alone, or, with `ask`, by what the contract says to it now."""
        ...


@dataclass(slots=True)
class Seen:
    """What this process has seen of an open intent; moments are monotonic seconds.

    `tx`, `head`: its last attempt, and the newest block when that was looked at first. `known`: the RPC node had that
    attempt. `taken_since`: since when it takes attempts and knows none of them. `raised_at`, `raises`: when fees were
    raised last, and how often.
    """

    tx: str = ""
    head: str = ""
    known: bool = False
    taken_since: float | None = None
    raised_at: float = float("-inf")
    raises: int = 0


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
        self._seen: dict[int, Seen] = {}

    def begin(self, open_ids: Collection[int]) -> None:
        """A round begins; what was seen of other intents is of no use any more."""
        self._unanswered.clear()
        self._seen = {one: seen for one, seen in self._seen.items() if one in open_ids}

    def push(self, intent: Intent, head: Header, used: int) -> None:
        """See to it that an intent is in the pool, at fees that get it included; `used`: nonces that are.

        Raises TransactionError and RpcError.
        """
        with self._database.reading() as connection:
            tried = intents.attempts_of(connection, intent.id)
        last, seen = tried[-1], self._seen.setdefault(intent.id, Seen())
        if seen.tx != last.tx:
            seen.tx, seen.head, seen.known = last.tx, head.hash, False
        nothing = last.void or intent.kind == FILL
        known = self._outbox.knows(last.tx)
        if known:
            seen.known, seen.taken_since = True, None
            self._outbox.believe(last)
        # one that will certainly be refused is replaced at once: whoever includes it makes the node pay for nothing
        hopeless = not nothing and not self._is_useful(intent, head, ask=False)
        old = self._is_old(last)
        # higher fees help what could have been included, and was not
        slow = (
            old and intent.nonce <= used and (head.hash != seen.head or known is False) and self._may_raise(last, seen)
        )
        if known and not hopeless and not slow:
            return
        lost = old and known is False and not last.void and self._is_lost(tried, seen)
        void = last.void or hopeless or lost or (not nothing and not self._is_useful(intent, head, ask=True))
        if not known and void == last.void and not slow:
            # whatever it answers: "underpriced" may be a full pool, and fees rise with time only
            self._learn(seen, self._outbox.again(last), in_turn=intent.nonce <= used)
            return
        self._replace(intent, tried, head, seen, void=void, lost=lost)

    def _replace(
        self, intent: Intent, tried: Sequence[Attempt], head: Header, seen: Seen, *, void: bool, lost: bool
    ) -> None:
        last = tried[-1]
        try:
            outcome = self._outbox.replace(intent, last, self._fees(tried, head, lost=lost), void=void)
        except TransactionUndecided:
            seen.raised_at, seen.raises = time.monotonic(), seen.raises + 1
            raise
        except TransactionError as trouble:
            seen.raised_at, seen.raises = time.monotonic(), seen.raises + 1
            self._learn(seen, self._outbox.use_up(intent, tried, trouble, void=void), in_turn=True)
            raise
        seen.raised_at, seen.raises = time.monotonic(), seen.raises + 1
        self._learn(seen, outcome, in_turn=True)

    def _learn(self, seen: Seen, outcome: Broadcast | None, *, in_turn: bool) -> None:
        """What the RPC node says to a transaction that it did not know just now."""
        if outcome is Broadcast.KNOWN:
            seen.known, seen.taken_since = True, None
        elif outcome is Broadcast.ACCEPTED and in_turn:
            seen.taken_since = time.monotonic() if seen.taken_since is None else seen.taken_since
        elif outcome is not None:
            seen.taken_since = None

    def _is_lost(self, tried: Sequence[Attempt], seen: Seen) -> bool:
        """Whether the last attempt was refused in words of a failure, or is dropped silently, and nobody has any."""
        meaning, since = _meaning(tried[-1]), seen.taken_since
        if seen.known or meaning not in (None, Broadcast.UNDECIDED):
            return False
        if meaning is None and (since is None or time.monotonic() - since < UNSEEN * self._bump_after):
            return False
        if any(self._outbox.knows(one.tx) is not False for one in tried):
            return False
        if meaning is None:
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

    def _is_old(self, last: Attempt) -> bool:
        age = (milliseconds() - last.sent_at) / 1000
        # sent in the future: the clock was wrong then, or is now, and nobody knows how long it has waited
        return not 0 <= age < self._bump_after

    def _may_raise(self, last: Attempt, seen: Seen) -> bool:
        """Whether long enough nothing was raised; for what does nothing, and perhaps is not taken at all, twice as long
        each time."""
        undecided = last.void and _meaning(last) is Broadcast.UNDECIDED
        wait = self._bump_after * (2 ** min(seen.raises, 20) if undecided else 1)
        return time.monotonic() - seen.raised_at >= wait


def _meaning(attempt: Attempt) -> Broadcast | None:
    """What the RPC node had against an attempt; None: nothing."""
    return classify(attempt.problem) if attempt.problem else None
