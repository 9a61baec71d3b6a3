"""How the node is doing, kept by its worker and read by everyone."""

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from oracle.errors import PayFlowError, RoundsFailed
from oracle.node.bus import EventBus
from oracle.node.views import NodeState, Problem

DEFECT = "worker"
"""Topic of failures that nobody foresaw."""
UNEXPECTED = "unexpected-failure"
DEFECT_ROUNDS = 30
"""Rounds in a row that may fail in the same unforeseen way: some five minutes, so that what brings a defect to light
(an RPC node, a shortage of memory) may pass. Then the node ends, because a supervisor and its alarms see that best.
What differs from round to round goes on being tried."""

log = structlog.get_logger("payflow.node")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the worker last saw. None: not seen yet."""

    chain_id: int | None = None
    cursor_block: int | None = None
    head_block: int | None = None
    head_time: int | None = None
    head_since: float = 0.0
    """When that block was first seen, by time.monotonic()."""
    head_moved: bool = False
    """Whether the head changed while it was watched: before that, the age of the newest block is unknown."""
    final_block: int | None = None
    signer: str | None = None
    authorised: bool | None = None
    quorum: int | None = None
    tries: bool = True
    """Whether the RPC node tries transactions, so that any can be sent."""
    caught_up: bool = False
    followed_at: float = float("-inf")
    """When the cursor was last seen at the head, by time.monotonic()."""
    synced_once: bool = False
    failing: bool = False
    """Whether the last round that is over failed: what the next one has come to so far says nothing."""
    in_flight: int = 0

    @property
    def works(self) -> bool:
        """Whether the node follows the chain, and the RPC node takes part."""
        return self.caught_up and self.tries and not self.failing


class Condition:
    """State, facts and open problems of the node. Thread-safe.

    Problems are kept by topic ("chain", "journal", …): a later one on the same topic replaces the earlier, and success
    on the topic clears it. A problem is logged when it appears or changes, not on every repetition.
    """

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._lock = threading.Lock()
        self._facts = Facts()
        self._problems: dict[str, Problem] = {}
        self._running = False
        self._ran = False
        self._defect = ""
        self._repeated = 0
        self._told: NodeState | None = None

    @property
    def facts(self) -> Facts:
        """The newest facts."""
        with self._lock:
            return self._facts

    def learn(self, **facts: object) -> None:
        """Replace some facts."""
        with self._lock:
            if facts.get("caught_up"):
                facts = {**facts, "followed_at": time.monotonic()}
            self._facts = replace(self._facts, **facts)  # type: ignore[arg-type]
        self._tell()

    def see_head(self, number: int, timestamp: int) -> None:
        """The newest block, as of now; `timestamp` unix seconds."""
        with self._lock:
            known = self._facts
            if (known.head_block, known.head_time) != (number, timestamp):
                self._facts = replace(
                    known,
                    head_block=number,
                    head_time=timestamp,
                    head_since=time.monotonic(),
                    head_moved=known.head_block is not None,
                )

    def chain_now(self) -> int:
        """What a block made now would have as timestamp, as far as one can know (unix seconds).

        Where blocks came while we watched, the newest one's time plus what has passed since: chains that replay the
        past or run ahead have clocks of their own. Else this machine's clock: an idle chain's head may be of any age.
        """
        facts = self.facts
        if facts.head_time is None:
            return int(time.time())
        if facts.head_moved:
            return facts.head_time + int(time.monotonic() - facts.head_since)
        return max(facts.head_time, int(time.time()))

    def running(self, yes: bool) -> None:
        """The worker starts or ends."""
        with self._lock:
            self._running = yes
            self._ran = self._ran or yes
        self._tell()

    def report(self, topic: str, error: PayFlowError) -> None:
        """Something on `topic` does not work."""
        self.note(topic, error.code, str(error))

    def note(self, topic: str, code: str, message: str) -> None:
        """Something on `topic` needs attention though no step failed."""
        with self._lock:
            known = self._problems.get(topic)
            since = int(time.time()) if known is None or known.code != code else known.since
            self._problems[topic] = Problem(code, message, since)
            new = known is None or known.code != code
        if new:
            log.warning("problem", topic=topic, code=code, message=message)
        self._tell()

    def clear(self, topic: str) -> None:
        """`topic` works."""
        with self._lock:
            known = self._problems.pop(topic, None)
            if topic == DEFECT:
                self._defect, self._repeated = "", 0
        if known is not None:
            log.info("problem solved", topic=topic, code=known.code, seconds=int(time.time()) - known.since)
            self._tell()

    def unexpected(self, failure: Exception) -> None:
        """A round failed in a way that nobody foresaw. Raises RoundsFailed when it was the same too often in a row;
        clearing DEFECT begins to count anew.
        """
        log.error("round failed unexpectedly", exc_info=failure)
        # not its words: they may hold anything, and they differ from round to round with the values at hand
        place = traceback.extract_tb(failure.__traceback__)[-1]
        defect = f"{type(failure).__name__} in {place.name} ({Path(place.filename).name}:{place.lineno})"
        with self._lock:
            self._repeated = self._repeated + 1 if defect == self._defect else 1
            self._defect = defect
            repeated = self._repeated
        self.note(
            DEFECT,
            UNEXPECTED,
            f"A round ended with {defect}, {repeated} time(s) in a row: a defect of PayFlow, whose traceback is in the"
            f" log. The node tries again.",
        )
        if repeated >= DEFECT_ROUNDS:
            raise RoundsFailed(failure=defect, rounds=repeated) from failure

    @contextmanager
    def watching(self, topic: str) -> Iterator[None]:
        """Report what leaves the block as a problem on `topic` (and let it go on); clear the topic otherwise."""
        try:
            yield
        except PayFlowError as error:
            self.report(topic, error)
            raise
        self.clear(topic)

    def state(self) -> tuple[NodeState, bool, tuple[Problem, ...]]:
        """The state, whether the worker runs, and the open problems, oldest first."""
        with self._lock:
            problems = tuple(sorted(self._problems.values(), key=lambda problem: problem.since))
            return self._state(), self._running, problems

    def _state(self) -> NodeState:
        if not self._running:
            return NodeState.STOPPED if self._ran else NodeState.STARTING
        if self._problems:
            return NodeState.DEGRADED
        if self._facts.chain_id is None:
            return NodeState.STARTING
        return NodeState.READY if self._facts.caught_up else NodeState.SYNCING

    def _tell(self) -> None:
        with self._lock:
            state = self._state()
            if state is self._told:
                return
            self._told = state
        log.info("node state", state=state.value)
        self._bus.publish("state", {"state": state.value})
