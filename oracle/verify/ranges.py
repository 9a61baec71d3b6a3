"""Logs by block range, asked for in ranges as wide as the RPC node answers."""

from collections.abc import Iterator
from typing import Any

from oracle.chain.answers import Answer
from oracle.chain.blocks import Log, log_of
from oracle.chain.rpc import Rpc
from oracle.errors import RpcRejected, RpcUnavailable

ALWAYS_ANSWERED = 1_000
"""Blocks for which a node is never too slow: one that gives no answer to so few is away."""
GROW_AFTER = 8
"""Answers in a row after which a range that was halved is doubled again."""


class LogRanges:
    """One RPC node's logs from a first block on. Remembers which width the node answers. Not thread-safe."""

    def __init__(self, rpc: Rpc, *, first: int, widest: int | None) -> None:
        """`first`: the block before which nothing is of interest; `widest`: blocks per query at most (None: all)."""
        self._rpc = rpc
        self._first = first
        self._widest = widest
        self._width: int | None = None
        self._good = 0

    def read(self, address: str | list[str], topics: list[Any], last: int) -> Iterator[tuple[int, list[Log]]]:
        """Up to block `last`: each range's last block, and its logs in canonical order. Raises RpcError."""
        first = self._first
        while first <= last:
            left = last - first + 1
            width = min(left, self._width or left, self._widest or left)
            until = first + width - 1
            where = {"address": address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(until)}
            try:
                answer = self._rpc.ask("eth_getLogs", where)
            except (RpcRejected, RpcUnavailable) as refused:
                # too many blocks or results, or too slow: every node words it differently, so any refusal halves
                if width <= (ALWAYS_ANSWERED if isinstance(refused, RpcUnavailable) else 1):
                    raise
                self._width, self._good = width // 2, 0
                continue
            self._good += 1
            if self._width is not None and self._good >= GROW_AFTER:
                self._width, self._good = self._width * 2, 0
            yield until, sorted(self._parsed(answer), key=lambda one: (one.block, one.index))
            first = until + 1

    def _parsed(self, answer: Answer) -> list[Log]:
        return [log_of(one.value, self._rpc.endpoint) for one in answer.items() if not one.member("removed").value]
