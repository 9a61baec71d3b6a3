"""Instant payments: a report on a payment that does not exist yet, and the calldata that pays with it."""

from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import Token
from oracle.errors import QuorumUnreachable
from oracle.node.scorer import Scorer, report_on
from oracle.node.views import InstantQuote
from oracle.scoring import Payment, RiskLevel
from oracle.signing import LocalSigner, ReportDigests, SignedReport


def quote(
    terms: PaymentTerms,
    token: Token,
    *,
    contracts: Contracts,
    quorum: int,
    digests: ReportDigests,
    signer: LocalSigner,
    scorer: Scorer,
    now: int,
    lifetime: int,
) -> InstantQuote:
    """Assess `terms` without remembering them and sign the report; `now`, `lifetime`: seconds of the chain's clock.

    Raises QuorumUnreachable where `quorum` wants more than one signer, InvalidPayment.
    """
    if quorum > 1:
        raise QuorumUnreachable(required=quorum, collected=1)
    deployment = contracts.deployment
    payment_id = terms.instant_id(chain_id=deployment.chain_id, core=deployment.core.address)
    assessment = scorer.assess(
        Payment(
            payment_id=payment_id,
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
    digest = digests.report(report)
    signature = signer.sign(digest).full()
    refusal = ""
    if assessment.level > RiskLevel.MEDIUM:
        refusal = f"score {assessment.overall} ({assessment.level.name}) is too high for an instant payment"
    return InstantQuote(
        payment_id=payment_id,
        chain_id=deployment.chain_id,
        to=deployment.core.address,
        calldata="" if refusal else contracts.pay_instant(terms, [(report.as_abi(), signature)]),
        refusal=refusal,
        sender=terms.sender,
        recipient=terms.recipient,
        token=token,
        amount=terms.amount,
        reference=terms.reference,
        reports=(SignedReport(report, "0x" + digest.hex(), signer.address, "0x" + signature.hex()),),
        assessment=assessment,
        document=document,
    )
