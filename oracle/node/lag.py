"""How long a node may not have followed the chain before it says so and signs nothing any more."""

import time

from oracle.errors import NotReady
from oracle.node.condition import Condition
from oracle.node.views import Problem
from oracle.settings import Settings

LAG = 30.0
"""Seconds behind the chain, a quarter of what a quote is valid for. One slow block, or one question that the RPC node
does not answer, is no reason to refuse; scores of an old state are."""
TURNS = 6
"""Peer timeouts that a round may take besides, where peers do not answer: for fresh payments, refused ones, and what
was begun just before the end of its time."""
OVERDUE = "round-overdue"


class Lag:
    """Reads how far the worker is behind. Thread-safe."""

    def __init__(self, settings: Settings, condition: Condition) -> None:
        self._settings = settings
        self._condition = condition

    @property
    def patience(self) -> float:
        """Seconds that the cursor may not have been seen at the head: it is looked at once a round."""
        return LAG + self._settings.poll_interval + TURNS * self._settings.peer_timeout

    def is_long(self) -> bool:
        """Whether scores are of an old state."""
        return self._behind() > self.patience

    def check(self) -> None:
        """Raises NotReady where scores are of an old state."""
        behind = self._behind()
        if behind > self.patience:
            state, _, problems = self._condition.state()
            cause = problems[0].message if problems else "it waits for an answer, or reads what it has missed"
            raise NotReady(state=state.value, reason=f"{behind:.0f} s behind the chain: {cause}")

    def problem(self) -> Problem | None:
        """What to tell an operator where a round that nothing has failed in yet does not come to its end."""
        behind = self._behind()
        if behind <= self.patience or not self._condition.facts.synced_once:
            return None
        message = (
            f"The node has not been at the newest block for {behind:.0f} s: it waits for an answer of the RPC node, or"
            f" reads what it has missed. It signs nothing until then."
        )
        return Problem(OVERDUE, message, int(time.time() - behind))

    def _behind(self) -> float:
        return time.monotonic() - self._condition.facts.followed_at
