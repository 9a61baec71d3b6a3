"""Payments that the RPC node would not even try: whether that is their matter, or the RPC node's."""

import time

from oracle.errors import RpcError
from oracle.node.condition import Condition
from oracle.node.dispatch import Dispatcher, Outcome

MANY = 2
"""Different payments, without success with any other since, from which on an operator is told."""


class Untried:
    """Looks at the outcome of each round. Used by the worker thread only."""

    def __init__(self, dispatcher: Dispatcher, condition: Condition, *, memory: float) -> None:
        """`memory`: seconds after which a payment that was not tried again is of no concern any more."""
        self._dispatcher = dispatcher
        self._condition = condition
        self._memory = memory
        self._since: dict[str, float] = {}
        self._last: RpcError | None = None
        self._open: RpcError | None = None
        """Why it would not try a payment, until it is known that it tries what no payment has to do with."""

    def take(self, outcome: Outcome, *, ended: bool = False) -> None:
        """What came of a round; `ended`: by the RPC node, early."""
        now = time.monotonic()
        for error in outcome.untried.values():
            self._last = self._open = error
        if outcome.untried and ended:
            self._condition.learn(tries=False)
        known = {} if outcome.succeeded else self._since | dict.fromkeys(outcome.untried, now)
        self._since = {payment_id: at for payment_id, at in known.items() if now - at < self._memory}

    def check(self) -> None:
        """Tell an operator where several payments, and no others, are not tried, though the node can work.

        Raises RpcError where the RPC node tries nothing at all, and sees to it that nobody calls the node ready.
        """
        if self._last is not None and len(self._since) >= MANY:
            self._condition.report("trials", self._last)
        else:
            self._condition.clear("trials")
        tries = self._open is None or self._dispatcher.tries()
        if tries != self._condition.facts.tries:
            self._condition.learn(tries=tries)
        if tries:
            self._open = None
        elif self._open is not None:
            # raised again and again, it would hold the frames of all rounds before
            raise self._open.with_traceback(None)
