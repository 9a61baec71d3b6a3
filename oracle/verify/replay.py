"""The risk engine brought to where a node's stood: fed with the chain's events in canonical order, from the first on.

Other payments are observed without being scored: a verdict depends on the payments before it, not on their verdicts,
so that a replay costs about a millisecond a payment. Memory is the engine's own, which is bounded, and one range of
blocks.
"""

from collections.abc import Callable, Sequence

from oracle.chain.blocks import Header
from oracle.chain.contracts import CREATIONS, ChainEvent, Contracts, ListedDecimals
from oracle.errors import InvalidListing, RpcInconsistent
from oracle.node.screening import Change, ListState, change_of
from oracle.scoring import Assessment, Payment, RiskEngine, RiskModel, ScreeningLists
from oracle.verify.lists import PlacedChange
from oracle.verify.reading import Stretches

Progress = Callable[[int, int, int], None]
"""Told now and then: the block that was read, the last one that will be, and how many payments were replayed."""


class Replay:
    """One pass over the chain. Not thread-safe."""

    def __init__(
        self,
        *,
        model: RiskModel,
        contracts: Contracts,
        endpoint: str,
        changes: Sequence[PlacedChange],
        progress: Progress,
    ) -> None:
        """`changes`: what people listed besides the chain, by block; `endpoint` names the RPC node in errors."""
        self._engine = RiskEngine(model, ScreeningLists())
        self._lists = ListState(ScreeningLists())
        self._contracts = contracts
        self._endpoint = endpoint
        self._waiting = list(reversed(changes))
        self._progress = progress
        self._decimals = ListedDecimals(endpoint)
        self.payments = 0
        self.list_changes = 0
        self.refused = 0
        """Entries of the chain's lists that name what is no party (a burn address), and were not taken."""

    def run(self, target: ChainEvent, stretches: Stretches, look: Callable[[int], None]) -> Header:
        """Replay everything in `stretches` before `target`; the header of its block.

        `look` is called in every state that the engine passes through, before it is left: with the timestamp of the
        block (unix seconds) whose event ends it. Raises RpcError (RpcInconsistent where the target is not met).
        """
        for until, blocks in stretches:
            for block in blocks:
                self._take_people_up_to(block.header, look)
                for log in block.logs:
                    if (log.block_hash, log.index) == (target.log.block_hash, target.log.index):
                        look(block.header.timestamp)
                        return block.header
                    event = self._contracts.decode(log)
                    if event is not None:
                        look(block.header.timestamp)
                        self._take(event, block.header)
            self._progress(until, target.log.block, self.payments)
        raise RpcInconsistent(
            endpoint=self._endpoint,
            problem=f"the event of {target.log.tx} is found by its payment's id and not in block {target.log.block}",
        )

    def knows_token(self, event: ChainEvent) -> bool:
        """Whether the core takes payments in the token of this one by now."""
        return self._decimals.knows(event)

    def assess(self, event: ChainEvent, *, timestamp: int, intended: bool = False) -> Assessment:
        """Score a payment as of now, `timestamp` in unix seconds; `intended`: as a node does before it is on chain."""
        return self._engine.assess(self._payment(event, timestamp, intended=intended))

    def _take(self, event: ChainEvent, header: Header) -> None:
        change = change_of(event)
        self._decimals.take(event)
        if change is not None:
            self._change(change, at=header.timestamp)
        elif event.name in CREATIONS:
            self._engine.observe(self._payment(event, header.timestamp, intended=False))
            self.payments += 1

    def _take_people_up_to(self, header: Header, look: Callable[[int], None]) -> None:
        while self._waiting and self._waiting[-1].block <= header.number:
            look(header.timestamp)
            self._change(self._waiting.pop().change, at=header.timestamp)

    def _change(self, change: Change, *, at: int) -> None:
        try:
            changed = self._lists.apply(change, at=at)
        except InvalidListing:
            self.refused += 1
            return
        self.list_changes += 1
        if changed:
            self._engine.use_lists(self._lists.lists)

    def _payment(self, event: ChainEvent, timestamp: int, *, intended: bool) -> Payment:
        given = event.arguments
        return Payment(
            payment_id=str(given["paymentId"]),
            sender=str(given["sender"]),
            recipient=str(given["recipient"]),
            token=str(given["token"]),
            amount=int(given["amount"]),
            decimals=self._decimals.of(event),
            timestamp=timestamp,
            block=0 if intended else event.log.block,
            tx="" if intended else event.log.tx,
        )
