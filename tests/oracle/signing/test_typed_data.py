"""Digests against eth-account's own typed-data encoding, and against the deployed contract's recovery."""

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.chain.contracts import PaymentTerms
from oracle.errors import InvalidReport
from oracle.signing import LocalSigner, ReportDigests, RiskReport
from oracle.signing.typed_data import REPORT_TYPE
from tests.oracle.devnet import SIGNER_KEY, Devnet, artifact

DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
MEMBERS = [
    {"type": kind, "name": name}
    for kind, name in (member.split(" ") for member in REPORT_TYPE[len("RiskReport(") : -1].split(","))
]
SIGNER = LocalSigner(bytes.fromhex(SIGNER_KEY[2:]))

hashes = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())
scores = st.integers(0, 100)


@st.composite
def reports(draw: st.DrawFn) -> RiskReport:
    issued, expires = sorted((draw(st.integers(0, 2**64 - 1)), draw(st.integers(0, 2**64 - 1))))
    return RiskReport(
        payment_id=draw(hashes),
        overall_score=draw(scores),
        velocity_score=draw(scores),
        amount_score=draw(scores),
        pattern_score=draw(scores),
        graph_score=draw(scores),
        timing_score=draw(scores),
        alerts=draw(st.integers(0, 2**32 - 1)),
        model_version=draw(hashes),
        evidence_hash=draw(hashes),
        issued_at=issued,
        expires_at=expires,
    )


def a_report(**changes: Any) -> RiskReport:
    values: dict[str, Any] = {
        "payment_id": "0x" + "11" * 32,
        "overall_score": 17,
        "velocity_score": 1,
        "amount_score": 2,
        "pattern_score": 3,
        "graph_score": 4,
        "timing_score": 5,
        "alerts": 6,
        "model_version": "0x" + "22" * 32,
        "evidence_hash": "0x" + "33" * 32,
        "issued_at": 1_000,
        "expires_at": 2_000,
    }
    return RiskReport(**{**values, **changes})


def typed(report: RiskReport) -> dict[str, Any]:
    return dict(zip((member["name"] for member in MEMBERS), report.as_abi(), strict=True))


def eth_account_digest(primary: str, message: dict[str, Any], chain_id: int, contract: str) -> bytes:
    document = {
        "types": {
            "EIP712Domain": DOMAIN_FIELDS,
            "RiskReport": MEMBERS,
            "RiskReportBatch": [{"name": "reports", "type": "RiskReport[]"}],
        },
        "primaryType": primary,
        "domain": {"name": "FraudOracle", "version": "1", "chainId": chain_id, "verifyingContract": contract},
        "message": message,
    }
    if primary == "RiskReport":
        document["types"].pop("RiskReportBatch")  # type: ignore[attr-defined]
    signable = encode_typed_data(full_message=document)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


@settings(max_examples=60)
@given(report=reports(), chain_id=st.integers(1, 2**64), contract=st.binary(min_size=20, max_size=20))
def test_report__random_reports__eth_account_gives_the_same_digest(
    report: RiskReport, chain_id: int, contract: bytes
) -> None:
    address = "0x" + contract.hex()
    expected = eth_account_digest("RiskReport", typed(report), chain_id, address)
    assert ReportDigests(chain_id=chain_id, verifying_contract=address).report(report) == expected


@settings(max_examples=25, deadline=None)
@given(batch=st.lists(reports(), min_size=1, max_size=5))
def test_batch__random_reports__eth_account_gives_the_same_digest(batch: list[RiskReport]) -> None:
    address = "0x" + "ab" * 20
    expected = eth_account_digest("RiskReportBatch", {"reports": [typed(one) for one in batch]}, 1, address)
    assert ReportDigests(chain_id=1, verifying_contract=address).batch(batch) == expected


@settings(max_examples=25, deadline=None)
@given(report=reports())
def test_sign__random_reports__eth_account_recovers_the_signer(report: RiskReport) -> None:
    digest = ReportDigests(chain_id=1, verifying_contract="0x" + "ab" * 20).report(report)
    raw = SIGNER.sign(digest).full()
    assert Account._recover_hash(digest, signature=raw).lower() == SIGNER.address


@pytest.mark.parametrize("form", ["full", "compact"])
def test_sign__report_of_now__the_contract_takes_both_forms(shared_net: Devnet, form: str) -> None:
    report, digests = current(shared_net)
    signature = getattr(SIGNER.sign(digests.report(report)), form)()
    payment_id = bytes.fromhex(report.payment_id[2:])
    verdict = shared_net.read("FraudOracle", "verifyReports", payment_id, [(report.as_abi(), signature)])
    assert verdict["score"] == report.overall_score
    assert verdict["modelVersion"] == report.model_version


def test_batch__reports_of_now__the_contract_takes_one_signature(shared_net: Devnet) -> None:
    first, digests = current(shared_net)
    second, _ = current(shared_net, payment_id="0x" + "44" * 32)
    signature = SIGNER.sign(digests.batch([first, second])).compact()
    ids = [bytes.fromhex(one.payment_id[2:]) for one in (first, second)]
    verdicts = shared_net.read("FraudOracle", "verifyBatch", ids, [([first.as_abi(), second.as_abi()], signature)])
    assert [one["score"] for one in verdicts] == [17, 17]


def test_payment_id__any_terms__the_contract_computes_the_same(shared_net: Devnet) -> None:
    terms = PaymentTerms(shared_net.payer, shared_net.payee, shared_net.token, 2**95 + 7, "0x" + "5a" * 16)
    expected = shared_net.read("PayFlowCore", "paymentId", terms.as_abi())
    assert terms.payment_id(chain_id=31337, core=shared_net.core) == expected
    instant = shared_net.read("PayFlowCore", "instantPaymentId", terms.as_abi())
    assert terms.instant_id(chain_id=31337, core=shared_net.core) == instant != expected


def current(net: Devnet, **changes: Any) -> tuple[RiskReport, ReportDigests]:
    now = int(net.anvil.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])
    return a_report(issued_at=now, expires_at=now + 60, **changes), digests


def test_type_string__the_contract__is_the_same() -> None:
    names = [parameter.members for parameter in artifact("PayFlowCore")[0].functions["settleNow"].inputs][1]
    report = next(member for member in names if member.name == "report")
    listed = ",".join(f"{member.type} {member.name}" for member in report.members)
    assert f"RiskReport({listed})" == REPORT_TYPE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overall_score", 101),
        ("timing_score", -1),
        ("alerts", 2**32),
        ("issued_at", 2**64),
        ("expires_at", 999),
        ("payment_id", "0x" + "AB" * 32),
        ("evidence_hash", "0x11"),
    ],
)
def test_report__field_out_of_bounds__is_refused_by_name(field: str, value: int | str) -> None:
    with pytest.raises(InvalidReport) as refused:
        a_report(**{field: value})
    assert refused.value.field == field
    assert str(value) in str(refused.value)
