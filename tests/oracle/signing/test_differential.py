"""The contracts and Python give the same answers on random input: digests, levels, overall score, median."""

import random
from statistics import median_high

import pytest

from oracle.errors import RpcRejected
from oracle.scoring.combine import WEIGHTS
from oracle.scoring.types import ANALYZERS, RiskLevel
from oracle.signing import LocalSigner, ReportDigests, RiskReport
from tests.oracle.devnet import SIGNER_KEY, Devnet

MOST = 15
KEYS = [LocalSigner(bytes([17]) * 31 + bytes([number])) for number in range(1, MOST + 1)]


def test_digests__random_reports__same_in_solidity_and_python(shared_net: Devnet) -> None:
    rng = random.Random(1)  # noqa: S311
    digests = ReportDigests(chain_id=31337, verifying_contract=shared_net.addresses["FraudOracle"])
    for _ in range(40):
        batch = [a_report(rng) for _ in range(rng.randint(1, 4))]
        single = shared_net.read("FraudOracle", "reportDigest", batch[0].as_abi())
        together = shared_net.read("FraudOracle", "batchDigest", [one.as_abi() for one in batch])
        assert (single, together) == ("0x" + digests.report(batch[0]).hex(), "0x" + digests.batch(batch).hex())


def test_levels__every_score__same_in_solidity_and_python(shared_net: Devnet) -> None:
    for score in range(101):
        assert shared_net.read("FraudOracle", "levelOf", score) == RiskLevel.of(score)
    for score in (101, 200, 255):
        with pytest.raises(RpcRejected):
            shared_net.read("FraudOracle", "levelOf", score)


def test_overall__random_analyzer_scores__same_in_solidity_and_python(shared_net: Devnet) -> None:
    rng = random.Random(2)  # noqa: S311
    function = shared_net.function("FraudOracle", "analyzeTransaction")
    signer = LocalSigner(bytes.fromhex(SIGNER_KEY[2:])).address
    for _ in range(60):
        scores = [rng.choice([0, 1, 40, 99, 100, rng.randint(0, 100)]) for _ in ANALYZERS]
        data = function.call_data(rng.randbytes(32), shared_net.payer, shared_net.payee, 1, *scores)
        call = {"from": signer, "to": shared_net.addresses["FraudOracle"], "data": data}
        approved, overall = function.result(shared_net.anvil.call("eth_call", call, "latest"))
        expected = sum(WEIGHTS[name] * score for name, score in zip(ANALYZERS, scores, strict=True)) // 100
        assert (approved, overall) == (expected <= 60, expected)


def test_median__every_quorum_up_to_15__same_in_solidity_and_python(net: Devnet) -> None:
    net.deploy(signers=[key.address for key in KEYS], quorum=1)
    digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])
    rng = random.Random(3)  # noqa: S311
    for quorum in range(1, MOST + 1):
        if quorum > 1:
            net.send(net.admin, "FraudOracle", "setQuorum", quorum)
        now = int(net.anvil.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        for _ in range(6):
            chosen = rng.sample(KEYS, quorum)
            payment = "0x" + rng.randbytes(32).hex()
            scores = [rng.choice([0, 20, 21, 60, 61, 100, rng.randint(0, 100)]) for _ in chosen]
            reports = [a_report(rng, payment, score, now) for score in scores]
            signed = [
                (report.as_abi(), key.sign(digests.report(report)).compact())
                for report, key in zip(reports, chosen, strict=True)
            ]
            verdict = net.read("FraudOracle", "verifyReports", bytes.fromhex(payment[2:]), signed)
            assert verdict["score"] == median_high(scores)
            speakers = [one for one in reports if one.overall_score == verdict["score"]]
            assert verdict["evidenceHash"] in {one.evidence_hash for one in speakers}


def a_report(rng: random.Random, payment: str = "", score: int = -1, now: int = 0) -> RiskReport:
    """A random report; with `now`, one that is valid."""
    issued, expires = sorted((rng.getrandbits(64), rng.getrandbits(64)))
    return RiskReport(
        payment_id=payment or "0x" + rng.randbytes(32).hex(),
        overall_score=score if score >= 0 else rng.randint(0, 100),
        velocity_score=rng.randint(0, 100),
        amount_score=rng.randint(0, 100),
        pattern_score=rng.randint(0, 100),
        graph_score=rng.randint(0, 100),
        timing_score=rng.randint(0, 100),
        alerts=rng.getrandbits(32),
        model_version="0x" + rng.randbytes(32).hex(),
        evidence_hash="0x" + rng.randbytes(32).hex(),
        issued_at=now or issued,
        expires_at=now + 60 if now else expires,
    )
