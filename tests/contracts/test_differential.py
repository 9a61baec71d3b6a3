"""The contracts and the node's own code give the same answers: the score of the analyzers, the median of a quorum."""

from __future__ import annotations

import importlib
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Deploy, System
from support import EVIDENCE, MODEL, Terms, only, refused

from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import DeployedContract, Deployment, Token
from oracle.chain.rpc import Rpc
from oracle.signing import LocalSigner, ReportDigests, RiskReport, merged, signed_report

# by name, so that they are untyped: the types of scoring are those of another numpy than ape's
INSTANT: Any = importlib.import_module("oracle.node.instant")
COMBINE: Any = importlib.import_module("oracle.scoring.combine")
TYPES: Any = importlib.import_module("oracle.scoring.types")
ANALYZERS, Explanation, RiskLevel = TYPES.ANALYZERS, TYPES.Explanation, TYPES.RiskLevel
MOST = 15
ZEROS = "0x" + "00" * 32


def test_overall__random_analyzer_scores__as_the_node_weighs_them(system: System, accounts: Any) -> None:
    oracle, node, rng = system.oracle, accounts[8], random.Random(2)  # noqa: S311
    system.change(oracle, oracle.grantRole.encode_input(oracle.AI_ORACLE_ROLE(), node))
    for _ in range(60):
        scores = [rng.choice([0, 1, 40, 99, 100, rng.randint(0, 100)]) for _ in ANALYZERS]
        answer = oracle.analyzeTransaction.call(bytes(32), system.payer, system.payee, 1, *scores, sender=node)
        findings = [Explanation(name, score, "") for name, score in zip(ANALYZERS, scores, strict=True)]
        # several findings of an analyzer: the highest one counts
        _, weighted = COMBINE._weighted(
            [*findings, *[Explanation(one.analyzer, one.score // 2, "") for one in findings]]
        )
        assert (answer.approved, answer.overallRisk) == (RiskLevel.of(weighted) <= RiskLevel.MEDIUM, weighted)
        if max(scores) < TYPES.ALERT_SCORE:  # and no finding stands for more alone
            assert COMBINE.combine(findings, []).overall == answer.overallRisk


def test_median__every_quorum_up_to_15__as_the_node_tells_the_payer_and_the_core_takes_it(deploy: Deploy) -> None:
    system = deploy(quorum=1, signers=MOST)
    contracts, token = _contracts(system), Token(system.token.address.lower(), "pUSD", 6)
    digests = ReportDigests(chain_id=system.chain.chain_id, verifying_contract=system.oracle.address.lower())
    signers = [LocalSigner(bytes(key.key)) for key in system.signers]
    rng, paid = random.Random(3), 0  # noqa: S311
    for quorum in range(1, MOST + 1):
        if quorum > 1:
            system.oracle.setQuorum(quorum, sender=system.admin)
        for _ in range(3):
            terms = system.terms(1)
            payment = system.instant_id(terms)
            scores = [rng.choice([0, 20, 21, 60, 61, 100, rng.randint(0, 100)]) for _ in range(quorum)]
            signed = [
                signed_report(_report(payment, score, system.now), digests, signer)
                for score, signer in zip(scores, rng.sample(signers, quorum), strict=True)
            ]
            found = INSTANT.quote(_terms(terms), token, _own(payment), signed, contracts)
            verdict = system.oracle.verifyReports(payment, merged(signed))
            assert (verdict.score, verdict.level) == (found.score, found.level)
            if found.refusal:
                with refused(system.core.InstantPaymentRefused, paymentId=payment, score=found.score):
                    system.core.payInstant(terms.tuple(), merged(signed), sender=system.payer)
            else:
                receipt = system.payer.transfer(system.core, 0, data=found.calldata)
                only(receipt, system.core.VerdictApplied, paymentId=payment, score=found.score)
                paid += 1
    assert 0 < paid < 3 * MOST


@pytest.mark.parametrize("score", range(0, 101, 20))
def test_level__of_the_scores_at_its_limits__as_the_node_names_it(system: System, score: int) -> None:
    for near in {max(0, score - 1), score, min(100, score + 1)}:
        assert system.oracle.levelOf(near) == RiskLevel.of(near)


def _contracts(system: System) -> Contracts:
    """As the node has them; nothing is asked of the chain here."""

    def deployed(contract: Any) -> DeployedContract:
        return DeployedContract(address=contract.address, block=1, transaction=ZEROS, code_hash=ZEROS)

    parts = (deployed(system.oracle), deployed(system.core), deployed(system.compliance))
    return Contracts(
        Rpc("http://127.0.0.1:1", timeout=1, retries=0),
        Deployment(Path("none"), system.chain.chain_id, ZEROS, *parts, tokens=(), signers=(), quorum=1),
    )


def _terms(terms: Terms) -> PaymentTerms:
    parties = (terms.sender.lower(), terms.recipient.lower(), terms.token.lower())
    return PaymentTerms(*parties, terms.amount, "0x" + terms.ref.hex())


def _own(payment: bytes) -> Any:
    """What the node that answers says itself, of which the answer takes over the payment's id."""
    return SimpleNamespace(assessment=SimpleNamespace(payment_id="0x" + payment.hex()), document=b"")


def _report(payment: bytes, score: int, now: int) -> RiskReport:
    return RiskReport(
        payment_id="0x" + payment.hex(),
        overall_score=score,
        velocity_score=1,
        amount_score=2,
        pattern_score=3,
        graph_score=4,
        timing_score=5,
        alerts=0,
        model_version="0x" + MODEL.hex(),
        evidence_hash="0x" + EVIDENCE.hex(),
        issued_at=now,
        expires_at=now + 3600,
    )
