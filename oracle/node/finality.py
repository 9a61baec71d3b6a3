"""Which block counts as final."""

import time

from oracle.chain.blocks import BlockReader
from oracle.errors import RpcError, RpcInconsistent, RpcRejected
from oracle.node.condition import Condition
from oracle.node.outbox import FAR
from oracle.settings import Settings

LOOK = 5.0
"""Seconds between two questions while no block comes: a chain that stands still may become final all the same."""
SHARE = 4
"""Times as long as an answer that failed took, nothing is asked: payments are settled all the same."""


class Finality:
    """Asks when a round has seen a new block, and now and then besides. For one thread."""

    def __init__(self, reader: BlockReader, settings: Settings, condition: Condition) -> None:
        self._reader = reader
        self._settings = settings
        self._condition = condition
        self._block: int | None = None
        self._head_since: float | None = None
        self._asked_at = float("-inf")
        self._not_before = float("-inf")

    def block(self) -> int | None:
        """The newest block that is known to be final; None where there is none, or the RPC node knows no such tag."""
        head_since, now = self._condition.facts.head_since, time.monotonic()
        if now >= self._not_before and (head_since != self._head_since or now - self._asked_at >= LOOK):
            self._head_since, self._asked_at = head_since, now
            try:
                self._block = self._ask()
            except RpcError as trouble:
                # payments are settled all the same: only nothing more is called final
                self._condition.report("finality", trouble)
                self._not_before = now + SHARE * (time.monotonic() - now)
                if isinstance(trouble, RpcRejected):
                    self._block = None
            else:
                self._condition.clear("finality")
        return self._block

    def _ask(self) -> int | None:
        final = self._reader.head(self._settings.final_tag, self._settings.final_confirmations)
        if final is None:
            return None
        head = self._condition.facts.head_block or 0
        if final.number > head + FAR:
            # what was called final once is not looked at again
            problem = f"block {final.number} is said to be final, and the newest is {head}"
            raise RpcInconsistent(endpoint=self._reader.endpoint, problem=problem)
        return final.number
