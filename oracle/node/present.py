"""Journal rows as the views that the API and the feed show."""

import dataclasses
from collections.abc import Mapping

from oracle.chain.deployment import Token
from oracle.chain.status import PaymentStatus
from oracle.node.views import AttemptView, PaymentEvent, PaymentView, Stage
from oracle.store import Attempt, EventRow, Intent, PaymentRow


def payment_view(row: PaymentRow, token: Token, *, final_block: int | None) -> PaymentView:
    """A payment; `final_block` is the highest block that counts as final."""
    return PaymentView(
        payment_id=row.payment_id,
        sender=row.sender,
        recipient=row.recipient,
        token=token,
        amount=row.amount,
        reference=row.reference,
        instant=row.instant,
        created_at=row.created_at,
        settle_deadline=row.settle_deadline,
        block=row.block,
        tx=row.tx,
        status=PaymentStatus(row.status),
        final=final_block is not None and row.status_block <= final_block,
        stage=Stage(row.stage),
        reason=row.reason,
        score=row.score,
        level=row.level,
        alerts=row.alerts,
        verdict_score=row.verdict_score,
        settled_tx=row.settled_tx,
        settled_at=row.settled_at,
    )


def feed_data(view: PaymentView) -> Mapping[str, object]:
    """A payment as the live feed carries it: plain values, the amount as exact text as well."""
    return {**dataclasses.asdict(view), "amount_text": view.token.text(view.amount)}


def event_view(row: EventRow) -> PaymentEvent:
    """One event."""
    return PaymentEvent(
        name=row.name,
        block=row.block,
        block_hash=row.block_hash,
        timestamp=row.timestamp,
        tx=row.tx,
        log_index=row.log_index,
        arguments=row.arguments,
    )


def attempt_view(intent: Intent, attempt: Attempt) -> AttemptView:
    """One transaction of this node. `state`: "waiting", "included", "failed", "replaced" or "displaced"."""
    if intent.mined_tx == attempt.tx:
        state = "included" if intent.succeeded else "failed"
    elif intent.mined_tx is not None:
        state = "replaced"
    else:
        state = "displaced" if intent.state == "displaced" else "waiting"
    return AttemptView(
        tx=attempt.tx,
        nonce=intent.nonce,
        state=state,
        max_fee=attempt.max_fee,
        gas=attempt.gas,
        sent_at=attempt.sent_at // 1000,
        problem=attempt.problem,
    )
