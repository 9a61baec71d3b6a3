"""The blocks that a replay goes through: those that hold an event, or every single one.

An evidence hash that comes out equal proves that the signers saw the same events, so that the quick way will do for it.
Before it is said that a verdict differs, every block is read, as a node reads them, so that an RPC node which lost some
logs accuses nobody. Who fears that the signers lost the same logs reads every block at once.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from oracle.chain.abi import load_abi
from oracle.chain.blocks import Block, BlockReader, Header, LogFilter, header_of
from oracle.chain.contracts import CREATIONS, LISTS
from oracle.chain.deployment import Deployment
from oracle.chain.rpc import Rpc
from oracle.errors import BlockMissing, RpcInconsistent
from oracle.verify.ranges import LogRanges

Stretches = Iterator[tuple[int, list[Block]]]
"""Blocks in canonical order, a stretch at a time, each with the number of the last block that was looked at."""


def wanted(deployment: Deployment) -> LogFilter:
    """The logs that scores follow from: creations of payments, and changes of the lists."""
    topics = [
        load_abi(contract).events[name].topic
        for contract, names in LISTS.items()
        for name in (*names, *(CREATIONS if contract == "PayFlowCore" else ()))
    ]
    return LogFilter((deployment.core.address, deployment.oracle.address, deployment.compliance.address), tuple(topics))


def every_block(reader: BlockReader, *, first: int, last: int) -> Stretches:
    """Every block, each linked to the one before it, and its logs held against its bloom filter. Raises RpcError."""
    parent = None
    while first <= last:
        blocks = reader.read(first=first, last=last, parent=parent)
        newest = blocks[-1].header
        yield newest.number, blocks
        parent, first = newest.hash, newest.number + 1


def blocks_with_logs(rpc: Rpc, ranges: LogRanges, logs: LogFilter, *, last: int) -> Stretches:
    """The blocks that hold logs, as far as the RPC node says so. Raises RpcError (RpcInconsistent: of two chains)."""
    for until, found in ranges.read(list(logs.addresses), [list(logs.topics)], last):
        by_block = [(number, tuple(those)) for number, those in groupby(found, key=lambda one: one.block)]
        raws = rpc.read_many("eth_getBlockByNumber", [(hex(number), False) for number, _ in by_block])
        blocks = []
        for (number, those), raw in zip(by_block, raws, strict=True):
            if raw is None:
                raise BlockMissing(endpoint=rpc.endpoint, block=number)
            header = _header(rpc, number, raw)
            if any(one.block_hash != header.hash for one in those):
                raise RpcInconsistent(
                    endpoint=rpc.endpoint, problem=f"a log of block {number} is not of its hash {header.hash}"
                )
            blocks.append(Block(header, those))
        yield until, blocks


def _header(rpc: Rpc, number: int, raw: Mapping[str, Any]) -> Header:
    return header_of(raw, rpc.endpoint)
