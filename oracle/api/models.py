"""What requests and answers look like. Amounts are decimal text in whole tokens, exact to the last base unit."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from oracle.node import (
    Analysis,
    InstantQuote,
    Listing,
    PaymentDetail,
    PaymentView,
    RiskReport,
    SignedBatch,
    SignedReport,
    Stats,
    WalletRisk,
)
from oracle.scoring import alert_names


def _exact(value: object) -> object:
    """Numbers come out of the JSON text as Decimal (see `app`): as text they lose nothing."""
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


Amount = Annotated[
    str,
    BeforeValidator(_exact),
    Field(description="Whole tokens as decimal text (or a JSON number)", examples=["12.50"], max_length=100),
]
Address = Annotated[str, Field(description="0x and 40 hexadecimal digits", max_length=64)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnalyzeRequest(_Model):
    """A payment that may or may not exist."""

    transaction_id: Annotated[str, Field(min_length=1, max_length=200, description="Your own name for it")]
    sender: Address
    recipient: Address
    amount: Amount
    timestamp: Annotated[int | None, Field(ge=0, le=2**40, description="Unix seconds; now where absent")] = None
    token: Annotated[str | None, Field(max_length=64, description="Address or symbol; the first where absent")] = None


class InstantRequest(_Model):
    """An intent to pay at once."""

    sender: Address
    recipient: Address
    amount: Amount
    token: Annotated[str | None, Field(max_length=64)] = None
    reference: Annotated[
        str | None, Field(max_length=64, description="UUID or 32 hex digits; the sender's next where absent")
    ] = None


class CoSignRequest(_Model):
    """A peer's intent, with the reference that it drew."""

    sender: Address
    recipient: Address
    amount: Amount
    token: Annotated[str, Field(max_length=64)]
    reference: Annotated[str, Field(max_length=64)]


class BatchRequest(_Model):
    """Payments that a peer wants to settle in one transaction."""

    payment_ids: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=100)]


class ListRequest(_Model):
    """An address for a list, or off it."""

    address: Address
    note: Annotated[str, Field(max_length=500)] = ""


def analysis_json(transaction_id: str, analysis: Analysis) -> dict[str, Any]:
    """The answer to /analyze."""
    found = analysis.assessment
    return {
        "transaction_id": transaction_id,
        "overall_score": found.overall,
        "velocity_score": found.velocity,
        "amount_score": found.amount,
        "pattern_score": found.pattern,
        "graph_score": found.graph,
        "timing_score": found.timing,
        "risk_level": found.level.name,
        "approved": analysis.approved,
        "flagged": analysis.flagged,
        "blocked": analysis.blocked,
        "explanations": [one.sentence for one in found.explanations],
        "alerts": [*alert_names(int(found.alerts))],
        "analysis_time_ms": round(analysis.seconds * 1000, 3),
        "model_version": found.model_version,
    }


def wallet_json(wallet: WalletRisk) -> dict[str, Any]:
    """The answer to /wallet."""
    return {
        "address": wallet.address,
        "risk_score": wallet.risk_score,
        "risk_level": wallet.risk_level,
        "peak_risk_score": wallet.peak_risk_score,
        "is_blacklisted": wallet.is_blacklisted,
        "is_whitelisted": wallet.is_whitelisted,
        "transaction_count": wallet.transaction_count,
        "total_volume": f"{wallet.total_volume:f}",
        "avg_amount": f"{wallet.avg_amount:f}",
    }


def stats_json(stats: Stats) -> dict[str, Any]:
    """The answer to /stats."""
    return {
        "total_analyses": stats.total_analyses,
        "total_blocked": stats.total_blocked,
        "total_flagged": stats.total_flagged,
        "total_profiles": stats.total_profiles,
        "blacklist_size": stats.blacklist_size,
        "whitelist_size": stats.whitelist_size,
        "model_version": stats.model_version,
        "lists_version": stats.lists_version,
        "block_rate": stats.block_rate,
        "flag_rate": stats.flag_rate,
    }


def listing_json(entry: Listing) -> dict[str, Any]:
    """One entry of a list."""
    return {"address": entry.address, "source": entry.source, "note": entry.note, "since": entry.since}


def payment_json(view: PaymentView) -> dict[str, Any]:
    """One payment as listings show it."""
    return {
        "payment_id": view.payment_id,
        "sender": view.sender,
        "recipient": view.recipient,
        "token": {"address": view.token.address, "symbol": view.token.symbol, "decimals": view.token.decimals},
        "amount": view.token.text(view.amount),
        "reference": view.reference,
        "instant": view.instant,
        "created_at": view.created_at,
        "settle_deadline": view.settle_deadline,
        "block": view.block,
        "transaction": view.tx,
        "status": view.status.value,
        "final": view.final,
        "stage": view.stage.value,
        "reason": view.reason,
        "score": view.score,
        "risk_level": view.level.upper(),
        "alerts": [*alert_names(int(view.alerts))],
        "verdict_score": view.verdict_score,
        "settled_transaction": view.settled_tx,
        "settled_at": view.settled_at,
    }


def detail_json(detail: PaymentDetail) -> dict[str, Any]:
    """One payment with everything that explains it. `evidence` is the document's exact text."""
    report = detail.report
    return {
        **payment_json(detail.payment),
        "events": [
            {
                "name": event.name,
                "block": event.block,
                "block_hash": event.block_hash,
                "timestamp": event.timestamp,
                "transaction": event.tx,
                "log_index": event.log_index,
                "arguments": dict(event.arguments),
            }
            for event in detail.events
        ],
        "report": report_json(report),
        "signature": None
        if detail.signature is None
        else {
            "signer": detail.signature.signer,
            "digest": detail.signature.digest,
            "signature": detail.signature.signature,
        },
        "evidence_hash": report.evidence_hash,
        "evidence": detail.evidence.decode(),
        "attempts": [
            {
                "transaction": attempt.tx,
                "nonce": attempt.nonce,
                "state": attempt.state,
                "max_fee_wei": attempt.max_fee,
                "gas": attempt.gas,
                "sent_at": attempt.sent_at,
                "problem": attempt.problem,
            }
            for attempt in detail.attempts
        ],
    }


def quote_json(quote: InstantQuote) -> dict[str, Any]:
    """The answer to /oracle-format."""
    found = quote.assessment
    return {
        "payment_id": quote.payment_id,
        "chain_id": quote.chain_id,
        "to": quote.to,
        "calldata": quote.calldata,
        "approved": not quote.refusal,
        "refusal": quote.refusal,
        "payment": {
            "sender": quote.sender,
            "recipient": quote.recipient,
            "token": quote.token.address,
            "amount": quote.token.text(quote.amount),
            "amount_units": str(quote.amount),
            "reference": quote.reference,
        },
        "overall_score": quote.score,
        "risk_level": quote.level.name,
        "alerts": [*alert_names(int(found.alerts))],
        "explanations": [one.sentence for one in found.explanations],
        "model_version": found.model_version,
        "evidence": quote.document.decode(),
        "reports": [signed_json(signed) for signed in quote.reports],
    }


def signed_json(signed: SignedReport) -> dict[str, Any]:
    """A signed report as peers and payers get it."""
    return {
        "report": report_json(signed.report),
        "digest": signed.digest,
        "signer": signed.signer,
        "signature": signed.signature,
    }


def batch_json(signed: SignedBatch) -> dict[str, Any]:
    """Reports under one signature as peers get them."""
    return {
        "reports": [report_json(report) for report in signed.reports],
        "digest": signed.digest,
        "signer": signed.signer,
        "signature": signed.signature,
    }


def report_json(report: RiskReport) -> dict[str, Any]:
    """A report's members by name."""
    return {name: getattr(report, name) for name in report.__slots__}
