"""Reading blocks and logs so that nothing is lost silently.

Two ways in which an RPC node loses events without an error, and what is done about each:

- It lags, and answers `eth_getLogs` over a range that it has not seen with an empty list. So: the headers of the range
  are fetched first (a block that the node lacks is an error there), and near the head logs are asked for by block hash,
  which a node that lacks the block must refuse.
- It serves the request from several backends, of which one lags. So: further down, where logs are asked for by range, a
  block that has none although its header's bloom filter says that it may is asked for again by its hash.

Every header must name the hash of the one before it, from the cursor on: what is returned is one chain or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from oracle.chain.answers import ADDRESS, HASH, WORD, Answer
from oracle.chain.rpc import Rpc
from oracle.errors import BlockMissing, RpcInconsistent, RpcRejected, RpcUnavailable
from oracle.settings import BlockTag
from oracle.signing.hashing import keccak

GROW_AFTER = 4
"""Full ranges in a row that the node must answer before the range is doubled: else every second one is refused."""
TIME_BITS = 40
"""The contracts keep times in so many bits: a later block is of no chain that they are on."""
INDEX_BITS = 31
BLOOM_BITS = 2_048
BY_HASH = 16
"""Up to so many blocks at once are asked for one by one by their hash; longer stretches by range."""


@dataclass(frozen=True, slots=True)
class Header:
    """A block's header, as far as needed. Hashes are lower-case 0x hex, `timestamp` unix seconds, `base_fee` wei."""

    number: int
    hash: str
    parent: str
    timestamp: int
    bloom: int = field(repr=False)
    base_fee: int | None


@dataclass(frozen=True, slots=True)
class Log:
    """One raw log. (tx, block_hash, index) is its identity."""

    address: str
    topics: tuple[str, ...]
    data: str
    block: int
    block_hash: str
    tx: str
    index: int


@dataclass(frozen=True, slots=True)
class Block:
    """A header with this deployment's logs in it, by log index."""

    header: Header
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What to look for: logs of any of `addresses` whose first topic is any of `topics` (lower-case 0x hex)."""

    addresses: tuple[str, ...]
    topics: tuple[str, ...]

    def rpc(self, **where: str) -> dict[str, Any]:
        """The filter object of `eth_getLogs`."""
        return {"address": list(self.addresses), "topics": [list(self.topics)], **where}

    def may_be_in(self, bloom: int) -> bool:
        """Whether a block with this bloom filter may hold a matching log; False is certain (for an honest header)."""
        return any(_in_bloom(bloom, one) for one in self.addresses) and any(
            _in_bloom(bloom, one) for one in self.topics
        )


class ParentMismatch(RpcInconsistent):
    """A block does not follow the one read before it: the chain reorganised, or the node contradicts itself."""

    def __init__(self, *, endpoint: str, block: int, expected: str, found: str) -> None:
        self.block, self.expected, self.found = block, expected, found
        super().__init__(endpoint=endpoint, problem=f"block {block} follows {found}, not {expected}")


class BlockReader:
    """Reads headers, and blocks with their logs, through one RPC client. Not thread-safe: it adapts its range."""

    def __init__(self, rpc: Rpc, wanted: LogFilter, *, log_range: int, log_range_max: int) -> None:
        """`log_range`: blocks per range query at first; halved where the node refuses, doubled up to the maximum."""
        self._rpc = rpc
        self.endpoint = rpc.endpoint
        self._filter = wanted
        self.range = log_range
        self._range_max = log_range_max
        self._blooms_hold = True
        self._good = 0

    def head(self, tag: BlockTag, confirmations: int) -> Header | None:
        """The block `confirmations` below the one that `tag` names; None while the chain is shorter than that."""
        found = self._rpc.read("eth_getBlockByNumber", tag, False)
        if found is None:  # e.g. "finalized" on a chain that has finalised nothing yet
            return None
        header = header_of(found, self._rpc.endpoint)
        if not confirmations:
            return header
        return self.header(header.number - confirmations) if header.number >= confirmations else None

    def header(self, number: int) -> Header:
        """The canonical header of that height. Raises BlockMissing."""
        found = self._rpc.read("eth_getBlockByNumber", hex(number), False)
        if found is None:
            raise BlockMissing(endpoint=self._rpc.endpoint, block=number)
        return header_of(found, self._rpc.endpoint)

    def read(self, *, first: int, last: int, parent: str | None) -> list[Block]:
        """The blocks from `first` on, at most up to `last` and at most `range` of them, each linked to the one before.

        `parent` is the hash that the first must follow (None: unknown, the very first read). Raises BlockMissing,
        ParentMismatch, RpcInconsistent (logs of another block than the header's), and what the RPC client raises.
        """
        while True:
            last_now = min(last, first + self.range - 1)
            headers = self._headers(first, last_now, parent)
            try:
                logs = self._logs(headers)
            except (RpcRejected, RpcUnavailable):
                # too many blocks or results, or too slow: every node words it differently, so any refusal halves
                if self.range == 1:
                    raise
                self.range = max(1, min(self.range, len(headers)) // 2)
                self._good = 0
                continue
            if len(headers) == self.range:
                self._good += 1
                if self._good >= GROW_AFTER:
                    self.range, self._good = min(self.range * 2, self._range_max), 0
            return [Block(header, tuple(logs.get(header.hash, ()))) for header in headers]

    def _headers(self, first: int, last: int, parent: str | None) -> list[Header]:
        found = self._rpc.read_many("eth_getBlockByNumber", [(hex(number), False) for number in range(first, last + 1)])
        headers: list[Header] = []
        for number, raw in zip(range(first, last + 1), found, strict=True):
            if raw is None:
                raise BlockMissing(endpoint=self._rpc.endpoint, block=number)
            header = header_of(raw, self._rpc.endpoint)
            if header.number != number:
                raise RpcInconsistent(
                    endpoint=self._rpc.endpoint, problem=f"asked for block {number} it gave block {header.number}"
                )
            if parent is not None and header.parent != parent:
                raise ParentMismatch(endpoint=self._rpc.endpoint, block=number, expected=parent, found=header.parent)
            parent = header.hash
            headers.append(header)
        return headers

    def _logs(self, headers: Sequence[Header]) -> Mapping[str, list[Log]]:
        """Logs by block hash, each list by log index."""
        known = {header.hash: header for header in headers}
        logs: dict[str, list[Log]] = {}
        ask = list(headers)
        if len(headers) > BY_HASH:
            found = self._rpc.ask(
                "eth_getLogs",
                self._filter.rpc(fromBlock=hex(headers[0].number), toBlock=hex(headers[-1].number)),
            )
            self._collect(found, known, logs)
            if any(not self._filter.may_be_in(known[block].bloom) for block in logs):
                self._blooms_hold = False  # some chains leave the bloom filter empty: then it excludes nothing
            ask = [
                header
                for header in headers
                if header.hash not in logs and (not self._blooms_hold or self._filter.may_be_in(header.bloom))
            ]
        answers = self._rpc.ask_many("eth_getLogs", [(self._filter.rpc(blockHash=header.hash),) for header in ask])
        for answer in answers:
            self._collect(answer, known, logs)
        return logs

    def _collect(self, found: Answer, known: Mapping[str, Header], logs: dict[str, list[Log]]) -> None:
        seen: dict[tuple[str, int], str] = {}
        touched: set[str] = set()
        for raw in found.items():
            log = log_of(raw.value, raw.endpoint)
            header = known.get(log.block_hash)
            if header is None or header.number != log.block:
                raise RpcInconsistent(
                    endpoint=self._rpc.endpoint,
                    problem=f"a log is of block {log.block} with hash {log.block_hash}, which is not the header's",
                )
            if raw.value.get("removed") or seen.get((log.block_hash, log.index)) == log.tx:
                continue
            if (log.block_hash, log.index) in seen:
                raise RpcInconsistent(
                    endpoint=self._rpc.endpoint, problem=f"two logs of block {log.block} have the index {log.index}"
                )
            if (
                log.address not in self._filter.addresses
                or log.topics[:1] == ()
                or log.topics[0] not in self._filter.topics
            ):
                raise RpcInconsistent(endpoint=self._rpc.endpoint, problem=f"a log of {log.address} was not asked for")
            seen[log.block_hash, log.index] = log.tx
            touched.add(log.block_hash)
            logs.setdefault(log.block_hash, []).append(log)
        for block in touched:
            logs[block].sort(key=lambda one: one.index)


def header_of(raw: Any, endpoint: str = "") -> Header:
    """A header as `eth_getBlockByNumber` gives it; `endpoint` names the RPC node in errors. Raises RpcInconsistent."""
    found = Answer(endpoint, "eth_getBlockByNumber", raw)
    base_fee = found.member("baseFeePerGas")
    return Header(
        number=found.member("number").number(),
        hash=found.member("hash").data(HASH),
        parent=found.member("parentHash").data(HASH),
        timestamp=found.member("timestamp").number(bits=TIME_BITS),
        bloom=found.member("logsBloom").number(bits=BLOOM_BITS),
        base_fee=None if base_fee.missing else base_fee.number(bits=WORD),
    )


def log_of(raw: Any, endpoint: str = "") -> Log:
    """A log as `eth_getLogs` gives it; `endpoint` names the RPC node in errors. Raises RpcInconsistent."""
    found = Answer(endpoint, "eth_getLogs[…]", raw)
    return Log(
        address=found.member("address").data(ADDRESS),
        topics=tuple(topic.data(HASH) for topic in found.member("topics").items()),
        data=found.member("data").data(),
        block=found.member("blockNumber").number(),
        block_hash=found.member("blockHash").data(HASH),
        tx=found.member("transactionHash").data(HASH),
        index=found.member("logIndex").number(bits=INDEX_BITS),
    )


def _in_bloom(bloom: int, item: str) -> bool:
    mask = _bloom_mask(item)
    return bloom & mask == mask


@cache
def _bloom_mask(item: str) -> int:
    # Yellow Paper, section 4.3.1: three 11-bit indices out of the first six bytes of the item's hash
    digest = keccak(bytes.fromhex(item[2:]))
    mask = 0
    for at in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return mask
