"""One verification from beginning to end: find the payment, replay what came before it, compare.

First with the blocks that hold events only, which is quick; and where a field differs, once more with every block, as
a node reads them (`oracle.verify.reading` says why).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from oracle.chain.blocks import BlockReader
from oracle.chain.connect import connect
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus
from oracle.errors import RpcInconsistent
from oracle.node.scorer import report_on
from oracle.scoring import Assessment, RiskModel
from oracle.settings import Settings
from oracle.signing import RiskReport
from oracle.verify import judge
from oracle.verify.evidence import check_evidence
from oracle.verify.intended import Intended
from oracle.verify.lists import PlacedChange
from oracle.verify.lookup import Found, Lookup
from oracle.verify.ranges import LogRanges
from oracle.verify.reading import Stretches, blocks_with_logs, every_block, wanted
from oracle.verify.replay import Progress, Replay
from oracle.verify.reports import Reports, reports_of
from oracle.verify.result import Outcome, Verification
from oracle.verify.unreported import judge_unreported


@dataclass(frozen=True, slots=True)
class _Recomputed:
    """`assessment` as it should have been signed, `included` as of the payment's own place in the chain: both are the
    same but for an instant payment, whose report came first. `placed`: whether the former could be computed at all."""

    assessment: Assessment
    included: Assessment
    report: RiskReport
    placed: bool


def verify(
    payment_id: str,
    settings: Settings,
    *,
    changes: Sequence[PlacedChange] = (),
    document: bytes | None = None,
    source: str = "",
    thorough: bool = False,
    progress: Progress = lambda _block, _last, _payments: None,
    on_doubt: Callable[[], None] = lambda: None,
) -> Verification:
    """Recompute the verdict on a payment (0x and 64 lower-case hex digits) and compare it with the chain's.

    `changes`: what signers listed besides the chain; `document`: an evidence document to check, from `source`;
    `thorough`: read every block at once; `on_doubt` is called where the replay starts again, with every block.
    Raises PaymentUnknown, RpcError, WrongChain, DeploymentError and ModelError.
    """
    model = RiskModel.default() if settings.model_file is None else RiskModel.load(settings.model_file)
    rpc = Rpc(settings.rpc_url, timeout=settings.rpc_timeout, retries=settings.rpc_retries)
    contracts = connect(rpc, settings)
    first, logs = contracts.deployment.first_block, wanted(contracts.deployment)
    reader = BlockReader(rpc, logs, log_range=settings.log_range, log_range_max=settings.log_range_max)
    lookup = Lookup(rpc, contracts, reader)
    found = lookup.payment(payment_id)
    last = found.created.log.block
    oracle = lookup.oracle if found.verdict is None else lookup.oracle_at(found.verdict.log)
    reports = reports_of(found, lookup, oracle, chain_id=contracts.deployment.chain_id)

    def attempt(stretches: Stretches) -> Verification:
        replay = Replay(model=model, contracts=contracts, endpoint=rpc.endpoint, changes=changes, progress=progress)
        ours = _recompute(found, replay, stretches, reports.counted, document)
        result = _unjudged(found, replay, ours, reports, first=first)
        if document is not None:
            on_chain = None if found.verdict is None else str(found.verdict.arguments["evidenceHash"])
            recomputed = ours.assessment.evidence()
            evidence = check_evidence(document, source=source, on_chain=on_chain, recomputed=recomputed)
            result = replace(result, evidence=evidence)
        return _judged(result, found, lookup, oracle, reports.counted, ours)

    if not thorough:
        ranges = LogRanges(rpc, first=first, widest=settings.log_range_max)
        try:
            quick = attempt(blocks_with_logs(rpc, ranges, logs, last=last))
        except RpcInconsistent:
            quick = None
        if quick is not None and _certain(quick):
            return quick
        on_doubt()
    return attempt(every_block(reader, first=first, last=last))


def _certain(quick: Verification) -> bool:
    """Whether lost logs cannot be why it differs: all is equal, or it is another model anyhow."""
    parted = {one.name for one in quick.fields if not one.equal}
    return not parted or "model_version" in parted


def _unjudged(found: Found, replay: Replay, ours: _Recomputed, reports: Reports, *, first: int) -> Verification:
    return Verification(
        payment_id=str(found.created.arguments["paymentId"]),
        outcome=Outcome.IMPOSSIBLE,
        instant=found.instant,
        status=found.status,
        fields=(),
        reasons=(),
        notes=_notes(replay, found, reports),
        evidence=None,
        score=ours.assessment.overall,
        model_version=ours.assessment.model_version,
        lists_version=ours.assessment.lists_version,
        document=ours.assessment.evidence(),
        first_block=first,
        last_block=found.created.log.block,
        payments=replay.payments,
        list_changes=replay.list_changes,
    )


def _recompute(
    found: Found, replay: Replay, stretches: Stretches, reports: Sequence[RiskReport], document: bytes | None
) -> _Recomputed:
    created = found.created
    tries: list[Intended] = []
    if found.instant and found.verdict is not None:
        on_chain = str(found.verdict.arguments["evidenceHash"])
        tries = [Intended(replay, created, at, on_chain) for at in _issued_at(on_chain, reports, document)]

    def look(timestamp: int) -> None:
        for one in tries:
            one.look(timestamp)

    header = replay.run(created, stretches, look)
    included = replay.assess(created, timestamp=header.timestamp)
    intended = next((one for one in tries if one.found is not None), tries[0] if tries else None)
    assessment = included if intended is None else intended.result()
    issued_at = header.timestamp if intended is None else intended.issued_at
    report = report_on(
        assessment,
        assessment.evidence(),
        issued_at=issued_at,
        expires_at=issued_at if found.instant else int(created.arguments["settleDeadline"]),
    )
    return _Recomputed(assessment, included, report, placed=not found.instant or intended is not None)


def _issued_at(on_chain: str, reports: Sequence[RiskReport], document: bytes | None) -> tuple[int, ...]:
    """When an instant payment's report may have been made: by the reports themselves, else by the signed document."""
    if said_by_reports := dict.fromkeys(one.issued_at for one in reports if one.evidence_hash == on_chain):
        return tuple(said_by_reports)
    if document is not None:
        check = check_evidence(document, source="", on_chain=on_chain, recomputed=b"")
        said = check.values.get("payment.timestamp", "")
        if check.authentic and said.isdecimal():
            return (int(said),)
    return ()


def _judged(
    result: Verification,
    found: Found,
    lookup: Lookup,
    oracle: str,
    reports: Sequence[RiskReport],
    ours: _Recomputed,
) -> Verification:
    verdict = found.verdict
    if verdict is None:
        return replace(result, reasons=(_unsettled(found),))
    said = verdict.arguments
    holder = judge.holder_of(verdict, reports, ours.report)
    nameless = int(said["modelVersion"], 16) == int(said["evidenceHash"], 16) == 0
    if nameless and holder is None and not found.instant:
        return judge_unreported(result, found.created, verdict, lookup, oracle)
    if not ours.placed:
        reason = (
            f"When its report was made is not known: transaction {verdict.log.tx} does not hold it in a form that"
            f" can be read, or this RPC node keeps it no more. Ask another RPC node, or give the document that the"
            f" payer was quoted with --evidence."
        )
        return replace(result, reasons=(reason,))
    fields = judge.compare(
        verdict,
        holder,
        ours.report,
        lookup.level_at(ours.report.overall_score, oracle, verdict.log),
        times=not found.instant,
    )
    evidence, notes = result.evidence, result.notes
    if evidence is not None and found.instant and evidence.sha256 == ours.included.evidence_hash:
        # no accusation: a node keeps no quotes
        note = (
            f"The document from {evidence.source} is the node's later look at the payment, as of its block. The one"
            f" that was signed was quoted to the payer before."
        )
        evidence, notes = None, (*notes, note)
    reasons = judge.why(fields, ours.assessment, evidence, instant=found.instant)
    if oracle != lookup.oracle:
        reasons += (f"The core asked another oracle, {oracle}, whose lists the deployment file does not name.",)
    same = all(one.equal for one in fields) and (evidence is None or evidence.authentic is not False)
    return replace(
        result,
        outcome=Outcome.IDENTICAL if same else Outcome.DIFFERS,
        fields=fields,
        reasons=() if same else reasons,
        notes=notes,
        evidence=evidence,
    )


def _unsettled(found: Found) -> str:
    if found.status is PaymentStatus.PENDING:
        return f"It is not settled yet, as of block {found.head}: there is no verdict on the chain to compare with."
    return f"It is {found.status.value} without a verdict: there is nothing on the chain to compare with."


def _notes(replay: Replay, found: Found, reports: Reports) -> tuple[str, ...]:
    notes = list(reports.notes)
    if replay.refused:
        notes.append(f"{replay.refused} list entries of the chain name what is no party, and were not taken.")
    if found.verdict is not None:
        signed = str(found.verdict.arguments["evidenceHash"])
        notes += [
            f"The settlement also brought a report with score {other.overall_score}, model"
            f" {other.model_version} and evidence {other.evidence_hash}, which did not hold the median."
            for other in reports.counted
            if other.evidence_hash != signed
        ]
    return tuple(notes)
