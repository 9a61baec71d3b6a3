"""What keeps the node from sending, for an operator to read: until something is sent, or nothing is left to be."""

import time

from oracle.node.condition import Condition
from oracle.node.dispatch import Outcome


class Troubles:
    """Looks at the outcome of each round. Used by the worker thread only."""

    def __init__(self, condition: Condition, *, memory: float) -> None:
        """`memory`: seconds for which a refused transaction is told of though nothing is due: what it carried waits
        longer and longer."""
        self._condition = condition
        self._memory = memory
        self._refused_until = float("-inf")

    def take(self, outcome: Outcome, *, is_due: bool) -> None:
        """What came of a round, and whether any payment was due in it."""
        if outcome.trouble is not None:
            self._condition.report("settling", outcome.trouble)
        elif outcome.sent or not is_due:
            self._condition.clear("settling")
        now = time.monotonic()
        if outcome.sent:
            self._refused_until = float("-inf")
        elif outcome.refused is not None:
            self._refused_until = now + self._memory
        if outcome.refused is not None:
            self._condition.report("taking", outcome.refused)
        elif outcome.sent or not (is_due or now < self._refused_until):
            self._condition.clear("taking")
