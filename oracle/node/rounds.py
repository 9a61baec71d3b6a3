"""What a round does, once the chain answered: watch, follow own transactions, settle, count."""

import threading
import time

from oracle.chain.blocks import Header
from oracle.chain.contracts import Contracts
from oracle.node.condition import Condition
from oracle.node.facade import Facade
from oracle.node.finality import Finality
from oracle.node.metrics import NodeMetrics
from oracle.node.peers import Peers
from oracle.node.settler import Settler
from oracle.node.transactor import Transactor
from oracle.node.watcher import Watcher
from oracle.settings import Settings


class Rounds:
    """The parts that need the chain, at work one after the other. Used by the worker thread only."""

    def __init__(
        self,
        *,
        settings: Settings,
        contracts: Contracts,
        finality: Finality,
        watcher: Watcher,
        settler: Settler | None,
        transactor: Transactor | None,
        peers: Peers,
        condition: Condition,
        metrics: NodeMetrics,
        facade: Facade,
    ) -> None:
        self._settings = settings
        self._contracts = contracts
        self._finality = finality
        self._watcher = watcher
        self._settler = settler
        self._transactor = transactor
        self.peers = peers
        self._condition = condition
        self._metrics = metrics
        self._facade = facade
        self._rewinds = watcher.rewinds
        """Up to which one every receipt was asked for again."""
        self.unchecked = False
        """The RPC node was away: behind the same address there may be another chain now."""

    def work(self, stop: threading.Event) -> None:
        """One round. Raises what ends it."""
        if self.unchecked:
            self._contracts.check_chain()
            self._contracts.check_code()
            self.unchecked = False
        head = self._watcher.step(stop)
        if head is not None and not stop.is_set() and self._condition.facts.caught_up:
            self._condition.learn(synced_once=True)
        # after the step: a reorganisation is measured against what was final before it
        final_block = self._finality.block()
        self._condition.learn(final_block=final_block)
        if head is not None and not stop.is_set():
            self._check_clock(head)
            if self._condition.facts.caught_up and self._settler is not None and self._transactor is not None:
                rewinds = self._watcher.rewinds
                # what is final and was not read yet is not over for the journal
                over = -1 if final_block is None else min(final_block, self._condition.facts.cursor_block or 0)
                self._transactor.step(head, over, stop, doubt=rewinds != self._rewinds)
                self._rewinds = rewinds
                self._settler.step(head, self._transactor, stop)
        self._facade.flush_counts()
        self._measure()

    def _check_clock(self, head: Header) -> None:
        ahead = head.timestamp - time.time()
        # only a block from the future is certain to be a wrong clock: an old one may be a chain that stands still
        if ahead > self._settings.clock_skew:
            self._condition.note(
                "clock",
                "clock-skew",
                f"The newest block is {ahead:.0f} s ahead of this machine's clock. Reports take their times from the"
                f" chain, but retries and instant payments suffer: set the clock (NTP).",
            )
        else:
            self._condition.clear("clock")

    def _measure(self) -> None:
        facts = self._condition.facts
        self._metrics.head_block.set(facts.head_block or 0)
        self._metrics.cursor_block.set(facts.cursor_block or 0)
        self._metrics.in_flight.set(facts.in_flight)
