"""What the chain says of one payment, found by its id in the index of topics: no need to read every block for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError

from oracle.chain.abi import Event, load_abi
from oracle.chain.answers import ADDRESS
from oracle.chain.blocks import BlockReader, Log
from oracle.chain.contracts import CREATIONS, PAYMENT_EVENTS, ChainEvent, Contracts
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus, status_after
from oracle.errors import PaymentUnknown, RpcInconsistent, RpcRejected
from oracle.scoring import RiskLevel
from oracle.verify.calldata import Input
from oracle.verify.ranges import LogRanges


@dataclass(frozen=True, slots=True)
class Found:
    """A payment's life on the chain up to block `head`. `verdict`: its VerdictApplied event; None before."""

    created: ChainEvent
    verdict: ChainEvent | None
    status: PaymentStatus
    head: int

    @property
    def instant(self) -> bool:
        """Whether it was paid without escrow."""
        return self.created.name == "PaymentPaidInstantly"


class Lookup:
    """Asks one RPC node for the logs of one deployment."""

    def __init__(self, rpc: Rpc, contracts: Contracts, reader: BlockReader) -> None:
        self._rpc = rpc
        self._contracts = contracts
        self._deployment = contracts.deployment
        self._reader = reader
        # about one payment or rare changes: the whole chain at once, where the node answers that
        self._ranges = LogRanges(rpc, first=contracts.deployment.first_block, widest=None)

    @property
    def oracle(self) -> str:
        """The FraudOracle that the deployment names."""
        return self._deployment.oracle.address

    def payment(self, payment_id: str) -> Found:
        """Raises PaymentUnknown, and RpcError."""
        head = self._reader.head("latest", 0)
        if head is None:
            raise PaymentUnknown(payment_id=payment_id)
        core = load_abi("PayFlowCore")
        topics = [[core.events[name].topic for name in PAYMENT_EVENTS], payment_id]
        created = verdict = None
        status = PaymentStatus.NONE
        for log in self._logs(self._deployment.core.address, topics, head.number):
            event = self._contracts.decode(log)
            if event is None:
                continue
            status = status_after(event.name, event.arguments) or status
            if event.name in CREATIONS:
                created = event
            elif event.name == "VerdictApplied":
                verdict = event
        if created is None:
            raise PaymentUnknown(payment_id=payment_id)
        if verdict is not None:
            self._require_canonical(verdict.log)
        return Found(created, verdict, status, head.number)

    def input(self, tx: str) -> Input:
        """What a transaction was given; nothing where the RPC node has it no more. Raises RpcError."""
        found = self._rpc.ask("eth_getTransactionByHash", tx)
        if found.missing:
            return Input(b"", False)
        to = found.member("to")
        data = bytes.fromhex(found.member("input").data().removeprefix("0x"))
        return Input(data, not to.missing and to.data(ADDRESS) == self._deployment.core.address)

    def oracle_at(self, log: Log) -> str:
        """The FraudOracle that the core asked where `log` was emitted. Raises RpcError."""
        changed = load_abi("PayFlowCore").events["OracleChanged"]
        last = self._last_before(self._deployment.core.address, [changed], [], log)
        return self.oracle if last is None else str(last[1]["oracle"])

    def signers_at(self, oracle: str, log: Log) -> frozenset[str]:
        """Whose signatures an oracle took where `log` was emitted, lower-case addresses. Raises RpcError."""
        events = load_abi("FraudOracle").events
        added, removed = events["SignerAdded"].topic, events["SignerRemoved"].topic
        signers: set[str] = set()
        for one in self._logs(oracle, [[added, removed]], log.block):
            if (one.block, one.index) < (log.block, log.index):
                change = signers.add if one.topics[0] == added else signers.discard
                change("0x" + one.topics[1][-40:])
        return frozenset(signers) or self._signers_in(oracle, log.block)

    def _signers_in(self, oracle: str, block: int) -> frozenset[str]:
        """By the state of a block, for an RPC node that has lost the events; none where it keeps no such state."""
        function = load_abi("FraudOracle").functions["signers"]
        try:
            answer = self._rpc.read("eth_call", {"to": oracle, "data": function.call_data()}, hex(block))
            return frozenset(function.result(answer))
        except (RpcRejected, DecodingError, ValueError):
            return frozenset()

    def level_at(self, score: int, oracle: str, log: Log) -> RiskLevel:
        """The level of a score by the limits in force where `log` was emitted. Raises RpcError."""
        changed = load_abi("FraudOracle").events["ThresholdsChanged"]
        last = self._last_before(oracle, [changed], [], log)
        if last is None:
            return RiskLevel.of(score)
        # as RiskLevels.levelOf: one level up for each limit that the score exceeds
        return RiskLevel(sum(score > int(limit) for limit in last[1]["thresholds"].values()))

    def analysis_before(self, payment_id: str, oracle: str, log: Log) -> tuple[int, str] | None:
        """Score and signer of the analysis that the oracle had recorded when `log` was emitted. Raises RpcError."""
        analysed = load_abi("FraudOracle").events["TransactionAnalyzed"]
        last = self._last_before(oracle, [analysed], [payment_id], log)
        return None if last is None else (int(last[1]["overallRisk"]), str(last[1]["signer"]))

    def whitelisted_at(self, wallet: str, oracle: str, log: Log) -> bool:
        """Whether the oracle spared a wallet the score where `log` was emitted. Raises RpcError."""
        events = load_abi("FraudOracle").events
        about = ["0x" + wallet.removeprefix("0x").zfill(64)]
        standing = []
        for on, off in (("WalletWhitelisted", "WalletUnwhitelisted"), ("WalletBlacklisted", "WalletUnblacklisted")):
            last = self._last_before(oracle, [events[on], events[off]], about, log)
            standing.append(last is not None and last[0].name == on)
        white, black = standing
        return white and not black

    def _last_before(
        self, address: str, events: Sequence[Event], about: list[str], log: Log
    ) -> tuple[Event, dict[str, Any]] | None:
        """The last of `events` of the contract before `log`, with its arguments."""
        by_topic = {one.topic: one for one in events}
        last: Log | None = None
        for one in self._logs(address, [list(by_topic), *about], log.block):
            if (one.block, one.index) < (log.block, log.index):
                last = one
        if last is None:
            return None
        event = by_topic[last.topics[0]]
        return event, event.arguments(last.topics, last.data)

    def _require_canonical(self, log: Log) -> None:
        if self._reader.header(log.block).hash != log.block_hash:
            raise RpcInconsistent(
                endpoint=self._rpc.endpoint,
                problem=f"the log of {log.tx} is of block {log.block_hash}, which is not its block {log.block}",
            )

    def _logs(self, address: str, topics: list[Any], last: int) -> Iterator[Log]:
        """All logs from the deployment on, in canonical order."""
        for _, logs in self._ranges.read(address, topics, last):
            yield from logs
