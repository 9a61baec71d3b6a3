"""Verdicts without a report: by the analysis that a single signer recorded, and by the whitelist."""

from dataclasses import replace

from oracle.chain.contracts import ChainEvent
from oracle.scoring import RiskLevel
from oracle.verify.calldata import calls
from oracle.verify.judge import alerts_text
from oracle.verify.lookup import Lookup
from oracle.verify.result import FieldCheck, Outcome, Verification


def judge_unreported(
    result: Verification, created: ChainEvent, verdict: ChainEvent, lookup: Lookup, oracle: str
) -> Verification:
    """A verdict that names neither model nor document. `oracle`: the FraudOracle that the core asked. Raises RpcError.

    One for a whitelisted sender follows from the list alone, and can be recomputed. One by a recorded analysis is what
    its signer said: there is nothing that it could be recomputed from.
    """
    sender = str(created.arguments["sender"])
    score = int(verdict.arguments["score"])
    analysis = lookup.analysis_before(result.payment_id, oracle, verdict.log)
    by_list = calls("executeWhitelisted", lookup.input(verdict.log.tx)) or analysis is None
    if by_list and score == 0 and lookup.whitelisted_at(sender, oracle, verdict.log):
        note = (
            f"It was settled for a whitelisted sender: {sender} was on the whitelist of {oracle} and not on its"
            f" blacklist. Such a verdict is spared the score, and names no model and no document."
        )
        return replace(
            result,
            outcome=Outcome.IDENTICAL,
            fields=(
                FieldCheck("score", score, 0),
                FieldCheck("level", RiskLevel(int(verdict.arguments["level"])).name, RiskLevel.SAFE.name),
                FieldCheck("alerts", alerts_text(int(verdict.arguments["alerts"])), alerts_text(0)),
            ),
            notes=(*result.notes, note),
        )
    if analysis is None:
        reason = (
            f"The verdict names no model and no document, and {oracle} recorded no analysis of this payment before"
            f" it: what it rests on is missing. If this RPC node lacks old logs, ask another one."
        )
        return replace(result, reasons=(reason,))
    recorded, signer = analysis
    reason = (
        f"It was settled by an analysis that {signer} recorded alone, with score {recorded} (the verdict has"
        f" {score}), while the quorum was one. Such an analysis names no model (version zero) and no evidence"
        f" document: what its signer computed is missing. This model says {result.score}."
    )
    return replace(result, reasons=(reason,))
