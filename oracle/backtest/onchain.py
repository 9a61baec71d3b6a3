"""The chain's own payments as a source: creation events and list changes of a deployment, in canonical order."""

from collections.abc import Callable, Iterator, Mapping

from oracle.backtest.source import Row
from oracle.chain.blocks import BlockReader
from oracle.chain.contracts import CREATIONS, ChainEvent, Contracts, ListedDecimals
from oracle.chain.rpc import Rpc
from oracle.errors import InvalidListing
from oracle.node.screening import ListState, change_of
from oracle.scoring import Payment, ScreeningLists


class ChainSource:
    """Payments of a deployment up to one block, which is named by its hash so that every reading gives the same.

    List changes of the chain count from their place on; entries that operators made off chain are not on it.
    """

    def __init__(self, rpc: Rpc, contracts: Contracts, base: ScreeningLists, *, last: int, blocks: int = 500) -> None:
        """`base`: the lists before any change of the chain's; `last`: the block to stop at; `blocks`: how many to ask
        for at once at first. Raises RpcError."""
        self._contracts = contracts
        self._endpoint = rpc.endpoint
        self._base = base
        self._new_reader: Callable[[], BlockReader] = lambda: BlockReader(
            rpc, contracts.wanted, log_range=blocks, log_range_max=4 * blocks
        )
        self._last = last
        self._hash = self._new_reader().header(last).hash

    @property
    def identity(self) -> Mapping[str, str]:
        """Chain, core and the last block."""
        deployment = self._contracts.deployment
        return {
            "data": f"chain {deployment.chain_id}",
            "source": f"core {deployment.core.address} up to block {self._last} {self._hash}",
            "to_block": str(self._last),
        }

    @property
    def size(self) -> int | None:
        """Unknown before the end."""
        return None

    @property
    def left_out(self) -> Mapping[str, int]:
        """Nothing: the core took them all."""
        return {}

    def rows(self) -> Iterator[Row]:
        """See `Source`. Raises RpcError, and RpcInconsistent where the chain reorganises meanwhile."""
        reader, state, parent = self._new_reader(), ListState(self._base), None
        first, number, changed = self._contracts.deployment.first_block, 0, True
        decimals = ListedDecimals(self._endpoint)
        while first <= self._last:
            blocks = reader.read(first=first, last=self._last, parent=parent)
            for block in blocks:
                for log in block.logs:
                    event = self._contracts.decode(log)
                    if event is None:
                        continue
                    changed |= _apply(state, event, block.header.timestamp)
                    decimals.take(event)
                    if event.name in CREATIONS:
                        payment = _payment(event, decimals.of(event), block.header.timestamp)
                        yield Row(number, payment, lists=state.lists if changed else None)
                        number, changed = number + 1, False
            first, parent = blocks[-1].header.number + 1, blocks[-1].header.hash


def _apply(state: ListState, event: ChainEvent, at: int) -> bool:
    change = change_of(event)
    if change is None:
        return False
    try:
        return state.apply(change, at=at)
    except InvalidListing:  # a node does not take it either
        return False


def _payment(event: ChainEvent, decimals: int, timestamp: int) -> Payment:
    given = event.arguments
    return Payment(
        payment_id=given["paymentId"],
        sender=given["sender"],
        recipient=given["recipient"],
        token=given["token"],
        amount=given["amount"],
        decimals=decimals,
        timestamp=timestamp,
        block=event.log.block,
        tx=event.log.tx,
    )
