"""Field by field: what the chain says of a verdict beside what was recomputed, and why they may part."""

import json
from collections.abc import Sequence

from oracle.chain.contracts import ChainEvent
from oracle.scoring import Alert, Assessment, RiskLevel, alert_names
from oracle.scoring.types import RULES
from oracle.signing import RiskReport
from oracle.verify.evidence import EvidenceCheck
from oracle.verify.result import FieldCheck

TIMES = ("issued_at", "expires_at")
PARTS = ("velocity_score", "amount_score", "pattern_score", "graph_score", "timing_score")


def holder_of(verdict: ChainEvent, reports: Sequence[RiskReport], ours: RiskReport) -> RiskReport | None:
    """The report that the verdict speaks by, out of all that its settlement brought; None where it is not among them.

    Of several that say the same in every field that the verdict repeats, one that differs from `ours` elsewhere.
    """
    said = verdict.arguments
    holders = [
        one
        for one in reports
        if (one.overall_score, one.alerts, one.model_version, one.evidence_hash)
        == (said["score"], said["alerts"], said["modelVersion"], said["evidenceHash"])
    ]
    return next((one for one in holders if one != ours), holders[0] if holders else None)


def compare(
    verdict: ChainEvent, holder: RiskReport | None, ours: RiskReport, level: RiskLevel, *, times: bool
) -> tuple[FieldCheck, ...]:
    """Every field that both have. `level`: of our score, by the limits in force at the verdict; `times`: whether the
    report's times follow from the chain (an escrow's do)."""
    said = verdict.arguments
    checks = [
        FieldCheck("score", int(said["score"]), ours.overall_score),
        FieldCheck("level", RiskLevel(int(said["level"])).name, level.name),
        FieldCheck("alerts", alerts_text(int(said["alerts"])), alerts_text(ours.alerts)),
        FieldCheck("model_version", str(said["modelVersion"]), ours.model_version),
        FieldCheck("evidence_hash", str(said["evidenceHash"]), ours.evidence_hash),
    ]
    if holder is not None:
        names = PARTS + (TIMES if times else ())
        checks += [FieldCheck(name, getattr(holder, name), getattr(ours, name)) for name in names]
    return tuple(checks)


def alerts_text(bits: int) -> str:
    """Names of the alert bits, "none" where there is none."""
    unknown = bits & ~sum(Alert)
    return ", ".join([*alert_names(bits)] + ([f"unknown bits {unknown:#x}"] if unknown else [])) or "none"


def why(
    fields: Sequence[FieldCheck], ours: Assessment, evidence: EvidenceCheck | None, *, instant: bool
) -> tuple[str, ...]:
    """Why a verdict on signed reports may differ, the likeliest reason first."""
    parted = {one.name: one for one in fields if not one.equal}
    reasons: list[str] = []
    if (model := parted.get("model_version")) is not None:
        reasons.append(
            f"The verdict was made with another model. Give the file whose SHA-256 is {model.chain} with --model; the"
            f" one used here is {model.recomputed}."
        )
    authentic = evidence is not None and evidence.authentic is True
    if evidence is not None and evidence.authentic is False:
        reasons.append(
            f"The document from {evidence.source} is not the one that was signed: its SHA-256 is {evidence.sha256}."
        )
    if evidence is not None and authentic:
        reasons += _by_document(evidence, ours, other_model=model is not None)
    elif "evidence_hash" in parted and model is None:
        reasons.append(
            "The model is the same, so that the signers had other lists (entries of their own are on no chain: give"
            " them with --lists), other rules (another version of PayFlow) or other payments before this one. The"
            " signed evidence document tells which: give it with --evidence or --api."
        )
    if instant and "evidence_hash" in parted and model is None:
        reasons.append(
            "It is an instant payment: no state of the chain in the ten minutes before its report gives the document"
            " that was signed. So it is, too, where the signers had read blocks that the chain took back before the"
            " payment (a reorganisation): nobody can find their state again from the chain as it is now."
        )
    if "evidence_hash" not in parted and set(parted) & {"score", "alerts", *PARTS}:
        reasons.append("The signed report contradicts the evidence document that it commits to.")
    if "level" in parted and "score" not in parted:
        reasons.append("The score is the same and the level is not what the limits in force at the verdict give.")
    if set(parted) & set(TIMES):
        reasons.append("The report's times are not those of the payment's block and its settle deadline.")
    return tuple(reasons)


def _by_document(evidence: EvidenceCheck, ours: Assessment, *, other_model: bool) -> list[str]:
    """What the signed document tells by itself."""
    reasons = []
    said = {name: json.loads(evidence.values.get(name, "null")) for name in ("rules", "lists_version")}
    if said["rules"] != RULES:
        reasons.append(f"It was scored by the rules {said['rules']}: use the version of PayFlow that has them.")
    if said["lists_version"] != ours.lists_version:
        reasons.append(
            f"The signers screened with lists of version {said['lists_version']}. The chain's list events up to the"
            f" payment, with what --lists gave, make version {ours.lists_version}: the signers listed addresses of"
            f" their own, which only their operators can say, or had read a listing that the chain has taken back"
            f" since."
        )
    if not reasons and not other_model and evidence.difference is not None:
        reasons.append(
            "Model, rules and lists are the same: the signers saw other payments before this one (in blocks that the"
            " chain has taken back since, perhaps), or signed what they had not computed."
        )
    return reasons
