"""Instant payments: reports on a payment that does not exist yet, and the calldata that pays with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import Token
from oracle.node.scorer import Scorer, report_on
from oracle.node.views import InstantQuote
from oracle.scoring import Assessment, Payment, RiskLevel
from oracle.signing import LocalSigner, ReportDigests, SignedReport, merged, signed_report


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What this node says of an intent: its assessment, the evidence document, and the report that commits to it."""

    assessment: Assessment
    document: bytes
    signed: SignedReport


def own_report(
    terms: PaymentTerms,
    token: Token,
    *,
    contracts: Contracts,
    digests: ReportDigests,
    signer: LocalSigner,
    scorer: Scorer,
    now: int,
    lifetime: int,
) -> OwnReport:
    """Assess `terms` without remembering them and sign the report; `now`, `lifetime`: seconds of the chain's clock.

    Raises InvalidPayment.
    """
    deployment = contracts.deployment
    assessment = scorer.assess(
        Payment(
            payment_id=terms.instant_id(chain_id=deployment.chain_id, core=deployment.core.address),
            sender=terms.sender,
            recipient=terms.recipient,
            token=terms.token,
            amount=terms.amount,
            decimals=token.decimals,
            timestamp=now,
        )
    )
    document = assessment.evidence()
    report = report_on(assessment, document, issued_at=now, expires_at=now + lifetime)
    return OwnReport(assessment, document, signed_report(report, digests, signer))


def quote(
    terms: PaymentTerms, token: Token, own: OwnReport, reports: Sequence[SignedReport], contracts: Contracts
) -> InstantQuote:
    """The answer to the payer, with the `reports` of a quorum. Their median decides, the higher middle one where their
    number is even, as in the contract."""
    deployment = contracts.deployment
    scores = sorted(one.report.overall_score for one in reports)
    score = scores[len(scores) // 2]
    level = RiskLevel.of(score)
    refusal = f"score {score} ({level.name}) is too high for an instant payment" if level > RiskLevel.MEDIUM else ""
    return InstantQuote(
        payment_id=own.assessment.payment_id,
        chain_id=deployment.chain_id,
        to=deployment.core.address,
        calldata="" if refusal else contracts.pay_instant(terms, merged(reports)),
        refusal=refusal,
        sender=terms.sender,
        recipient=terms.recipient,
        token=token,
        amount=terms.amount,
        reference=terms.reference,
        reports=tuple(reports),
        score=score,
        level=level,
        assessment=own.assessment,
        document=own.document,
    )
