"""What blocks mean: their logs decoded, payments scored and signed, list changes put in force."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from oracle.chain.blocks import Block, Header
from oracle.chain.contracts import CREATIONS, ChainEvent, Contracts
from oracle.chain.status import PaymentStatus
from oracle.errors import RpcInconsistent
from oracle.node.metrics import NodeMetrics
from oracle.node.scorer import Scorer, report_on, scoring_payment
from oracle.node.screening import Change, change_of
from oracle.node.tokens import Tokens
from oracle.node.views import Stage
from oracle.signing import LocalSigner, ReportDigests, RiskReport, SignedReport, signed_report
from oracle.store import BlockRef, Database, EventRow, PaymentRow, Position, Scored, payments

log = structlog.get_logger("payflow.node")


@dataclass(slots=True)
class Harvest:
    """What a stretch of blocks adds to the journal. `changes` as (position, change, timestamp)."""

    blocks: list[BlockRef] = field(default_factory=list)
    scored: dict[str, Scored] = field(default_factory=dict)
    events: list[EventRow] = field(default_factory=list)
    changes: list[tuple[Position, Change, int]] = field(default_factory=list)


class Harvester:
    """Turns blocks into what the journal keeps of them, moving the risk engine on as it goes."""

    def __init__(
        self,
        *,
        contracts: Contracts,
        scorer: Scorer,
        tokens: Tokens,
        digests: ReportDigests,
        signer: LocalSigner | None,
        metrics: NodeMetrics,
    ) -> None:
        self._contracts = contracts
        self._scorer = scorer
        self._tokens = tokens
        self._digests = digests
        self._signer = signer
        self._metrics = metrics

    def gather(self, blocks: Sequence[Block]) -> Harvest:
        """Everything in `blocks`, in canonical order. Raises RpcInconsistent for logs that cannot be."""
        harvest = Harvest()
        for block in blocks:
            self._gather(block, harvest)
        return harvest

    def _gather(self, block: Block, harvest: Harvest) -> None:
        header = block.header
        harvest.blocks.append(BlockRef(header.number, header.hash, header.timestamp))
        for raw in block.logs:
            event = self._contracts.decode(raw)
            if event is None:
                continue
            change = change_of(event)
            if change is not None:
                self._tokens.take(event, self._contracts)
                self._scorer.change(change, at=header.timestamp, strict=False)
                harvest.changes.append(((raw.block, raw.index), change, header.timestamp))
            payment_id = event.payment_id
            if payment_id is None:
                continue
            if event.name in CREATIONS:
                if payment_id in harvest.scored:
                    raise RpcInconsistent(endpoint="", problem=f"payment {payment_id} was created twice")
                harvest.scored[payment_id] = self._score(event, header)
            harvest.events.append(
                EventRow(
                    tx=raw.tx,
                    block_hash=raw.block_hash,
                    log_index=raw.index,
                    block=raw.block,
                    timestamp=header.timestamp,
                    payment_id=payment_id,
                    name=event.name,
                    arguments={name: value for name, value in event.arguments.items() if name != "paymentId"},
                )
            )

    def _score(self, event: ChainEvent, header: Header) -> Scored:
        given = event.arguments
        instant = event.name == "PaymentPaidInstantly"
        token = self._tokens.of(given["token"])
        row = PaymentRow(
            payment_id=given["paymentId"],
            sender=given["sender"],
            recipient=given["recipient"],
            token=token.address,
            amount=given["amount"],
            reference=given["ref"],
            instant=instant,
            created_at=header.timestamp,
            settle_deadline=header.timestamp if instant else given["settleDeadline"],
            block=header.number,
            block_hash=header.hash,
            log_index=event.log.index,
            tx=event.log.tx,
            status="",
            status_block=header.number,
            verdict_score=None,
            settled_tx="",
            settled_at=None,
            stage=(Stage.DONE if instant else Stage.SIGNED).value,
            reason="",
            refusals=0,
            retry_at=0,
            score=0,
            level="",
            alerts=0,
            lists_version=self._scorer.lists_version,
        )
        with self._metrics.scoring_seconds.time():
            assessment = self._scorer.take(scoring_payment(row, token.decimals))
        row = replace(
            row,
            score=assessment.overall,
            level=assessment.level.name.lower(),
            alerts=int(assessment.alerts),
        )
        # the times come from the chain, not from this machine: honest nodes sign the same bytes
        document = assessment.evidence()
        report = report_on(assessment, document, issued_at=row.created_at, expires_at=row.settle_deadline)
        return Scored(row, self.sign(report, instant=instant), document)

    def sign_again(self, database: Database) -> None:
        """Put this node's present signature on pending payments' reports that have none, or another key's, or one for a
        FraudOracle that was replaced."""
        if self._signer is None:
            return
        with database.writing() as connection:
            for signed in payments.unsettled_reports(connection, PaymentStatus.PENDING):
                digest = "0x" + self._digests.report(signed.report).hex()
                if (signed.signer, signed.digest) != (self._signer.address, digest):
                    payments.set_signature(connection, self.sign(signed.report))

    def sign(self, report: RiskReport, *, instant: bool = False) -> SignedReport:
        """The report with this node's signature; without one where there is no key or nothing left to settle."""
        if self._signer is None or instant:
            return SignedReport(report, "0x" + self._digests.report(report).hex(), "", "")
        return signed_report(report, self._digests, self._signer)
