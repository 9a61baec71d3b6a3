"""One open transaction: that it waits in the RPC node's pool, at fees that get it included, or gives way to nothing.

    the RPC node …                      what is sent
    has it                              nothing; once a block left it out for `bump_after`: the same at higher fees
    does not say whether it has it      the same bytes; higher fees as above
    has it not                          the same bytes; after `bump_after`: the same at higher fees
    … and answers with failures         the same bytes; after `bump_after` of these: what does nothing
    … and takes it every time           the same bytes and higher fees; after four times as long: what does nothing
    whatever it says, where no payment needs it any more: what does nothing, at once

What does nothing takes the nonce, so that later ones need not wait for it. Only the lowest nonce pays more.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from oracle.chain.blocks import Header
from oracle.chain.transactions import Broadcast, FeePolicy, Fees, classify
from oracle.errors import RpcError, TransactionError, TransactionRefused, TransactionUndecided
from oracle.node.outbox import FILL, Outbox, last_taken, milliseconds
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
    attempt. `taken_since`: since when it takes attempts and knows none of them. `failing_since`: since when it answers
    them with failures alone. `raised_at`, `raises`: when fees were raised last, and how often for what does nothing.
    """

    tx: str = ""
    head: str = ""
    known: bool = False
    taken_since: float | None = None
    failing_since: float | None = None
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
            seen.known, seen.taken_since, seen.failing_since = True, None, None
            self._outbox.believe(last)
        # one that will certainly be refused is replaced at once: whoever includes it makes the node pay for nothing
        hopeless = not nothing and not self._is_useful(intent, head, ask=False)
        old = self._is_old(last)
        slow = old and intent.nonce <= used and self._may_raise(tried, seen, known=known, head=head)
        if known and not hopeless and not slow:
            return
        lost = old and known is False and not last.void and self._is_lost(tried, seen)
        if lost and seen.failing_since is not None and not hopeless:
            # the failures may be long over
            with suppress(TransactionUndecided, TransactionRefused):
                self._learn(seen, self._outbox.again(last_taken(tried) or last), in_turn=intent.nonce <= used)
                return
        if lost:
            self._outbox.disbelieve(tried)
        void = last.void or hopeless or lost or (not nothing and not self._is_useful(intent, head, ask=True))
        if not known and void == last.void and not slow:
            # whatever it answers: "underpriced" may be a full pool, and fees rise with time only
            with self._failing(seen):
                self._learn(seen, self._outbox.again(last), in_turn=intent.nonce <= used)
            return
        fees_of = partial(self._fees, tried, head, lost=lost)
        self._replace(intent, tried, fees_of, seen, void=void, known=known)

    def _replace(
        self,
        intent: Intent,
        tried: Sequence[Attempt],
        fees_of: Callable[[], Fees],
        seen: Seen,
        *,
        void: bool,
        known: bool | None,
    ) -> None:
        last = tried[-1]
        outcome: Broadcast | None
        try:
            outcome = self._outbox.replace(intent, last, fees_of(), void=void)
        except TransactionUndecided:
            self._raised(last, seen)
            raise
        except TransactionError as trouble:
            self._raised(last, seen)
            # what is dropped silently, or answered by failures alone, is not tried for ever
            ages = [time.monotonic() - one for one in (seen.taken_since, seen.failing_since) if one is not None]
            keep = known is None or all(age < UNSEEN * self._bump_after for age in ages)
            with self._failing(seen):
                outcome = self._outbox.use_up(intent, tried, trouble, void=void, keep=keep)
            self._learn(seen, outcome, in_turn=True)
            raise
        self._raised(last, seen)
        self._learn(seen, outcome, in_turn=True)

    def _raised(self, last: Attempt, seen: Seen) -> None:
        seen.raised_at = time.monotonic()
        seen.raises = seen.raises + 1 if last.void else 0

    @contextmanager
    def _failing(self, seen: Seen) -> Iterator[None]:
        """Remembers since when what is sent again is answered by failures."""
        try:
            yield
        except TransactionError as trouble:
            if isinstance(trouble, TransactionUndecided) or isinstance(trouble.__cause__, TransactionUndecided):
                seen.failing_since = time.monotonic() if seen.failing_since is None else seen.failing_since
            raise

    def _learn(self, seen: Seen, outcome: Broadcast | None, *, in_turn: bool) -> None:
        """What the RPC node says to a transaction that it did not know just now."""
        if outcome is not None:
            seen.failing_since = None
        if outcome is Broadcast.KNOWN:
            seen.known, seen.taken_since = True, None
        elif outcome is Broadcast.ACCEPTED and in_turn:
            seen.taken_since = time.monotonic() if seen.taken_since is None else seen.taken_since
        elif outcome is not None:
            seen.taken_since = None

    def _is_lost(self, tried: Sequence[Attempt], seen: Seen) -> bool:
        """Whether the last attempt was refused in words of a failure, or is dropped silently, and nobody has any."""
        meaning, now = _meaning(tried[-1]), time.monotonic()
        if meaning is Broadcast.UNDECIDED:
            since, patience = None if seen.known else seen.failing_since, self._bump_after
        elif meaning is None and seen.failing_since is not None:
            since, patience = seen.failing_since, UNSEEN * self._bump_after
        elif meaning is None:
            since, patience = None if seen.known else seen.taken_since, UNSEEN * self._bump_after
        else:
            return False
        return since is not None and now - since >= patience and not self._may_wait(tried)

    def _may_wait(self, tried: Sequence[Attempt]) -> bool:
        return any(self._outbox.knows(one.tx) is not False for one in tried)

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

    def _may_raise(self, tried: Sequence[Attempt], seen: Seen, *, known: bool | None, head: Header) -> bool:
        """Whether higher fees help: what waits and was left out of a block, or what is not taken at them. What the RPC
        node is undecided about is lost one day, unless another attempt waits; if it does nothing, it is raised less and
        less often."""
        last = tried[-1]
        undecided = known is not True and _meaning(last) is Broadcast.UNDECIDED
        wait = self._bump_after * (2 ** min(seen.raises, 20) if undecided and last.void else 1)
        if time.monotonic() - seen.raised_at < wait:
            return False
        if known is not False:
            return head.hash != seen.head
        return last.void or not undecided or self._may_wait(tried[:-1])


def _meaning(attempt: Attempt) -> Broadcast | None:
    """What the RPC node had against an attempt; None: nothing."""
    return classify(attempt.problem) if attempt.problem else None
