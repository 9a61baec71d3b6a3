"""Which block counts as final."""

import time

from oracle.chain.blocks import BlockReader
from oracle.errors import RpcInconsistent, RpcRejected
from oracle.node.condition import Condition
from oracle.node.outbox import FAR
from oracle.settings import Settings

LOOK = 5.0
"""Seconds between two questions while no block comes: a chain that stands still may become final all the same."""


class Finality:
    """Asks when a round has seen a new block, and now and then besides. For one thread."""

    def __init__(self, reader: BlockReader, settings: Settings, condition: Condition) -> None:
        self._reader = reader
        self._settings = settings
        self._condition = condition
        self._block: int | None = None
        self._head_since: float | None = None
        self._asked_at = float("-inf")

    def block(self) -> int | None:
        """The newest block that counts as final; None where there is none, or the RPC node knows no such tag.

        Raises what the chain raises.
        """
        head_since, now = self._condition.facts.head_since, time.monotonic()
        if head_since != self._head_since or now - self._asked_at >= LOOK:
            self._block = self._ask()
            self._head_since, self._asked_at = head_since, now
        return self._block

    def _ask(self) -> int | None:
        try:
            final = self._reader.head(self._settings.final_tag, self._settings.final_confirmations)
        except RpcRejected as refused:
            # payments are settled all the same: only nothing is ever called final
            self._condition.report("finality", refused)
            return None
        self._condition.clear("finality")
        if final is None:
            return None
        head = self._condition.facts.head_block or 0
        if final.number > head + FAR:
            # what was called final once is not looked at again
            problem = f"block {final.number} is said to be final, and the newest is {head}"
            raise RpcInconsistent(endpoint=self._reader.endpoint, problem=problem)
        return final.number
