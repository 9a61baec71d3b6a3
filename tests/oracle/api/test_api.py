"""The API over real HTTP, with a node and a chain behind it."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from oracle.chain.status import PaymentStatus
from tests.oracle.devnet import Devnet
from tests.oracle.serving import Served, served

KEY = {"X-API-Key": "secret"}
ANALYSIS = {
    "transaction_id",
    "overall_score",
    "velocity_score",
    "amount_score",
    "pattern_score",
    "graph_score",
    "timing_score",
    "risk_level",
    "approved",
    "flagged",
    "blocked",
    "explanations",
    "alerts",
    "analysis_time_ms",
    "model_version",
}
WALLET = {
    "address",
    "risk_score",
    "risk_level",
    "peak_risk_score",
    "is_blacklisted",
    "is_whitelisted",
    "transaction_count",
    "total_volume",
    "avg_amount",
}
STATS = {
    "total_analyses",
    "total_blocked",
    "total_flagged",
    "total_profiles",
    "blacklist_size",
    "whitelist_size",
    "model_version",
    "block_rate",
    "flag_rate",
}


@pytest.fixture(scope="module")
def api(shared_net: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("api")
    with served(
        shared_net.settings(
            folder, api_key="secret", rate_per_minute=1_000_000, rate_burst=100_000, request_bytes=4_096
        )
    ) as found:
        yield found


def body(net: Devnet, **changes: Any) -> dict[str, Any]:
    return {
        "transaction_id": "order-17",
        "sender": net.payer,
        "recipient": net.payee,
        "amount": "12.50",
        **changes,
    }


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(document)
    assert document["status"] == status
    return document


def test_analyze__ordinary_payment__all_fields_and_no_trace(api: Served, shared_net: Devnet) -> None:
    before = api.client.get("/stats").json()
    answer = api.client.post("/analyze", json=body(shared_net))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found) == ANALYSIS
    assert found["transaction_id"] == "order-17"
    assert found["approved"] == (found["overall_score"] <= 60)
    after = api.client.get("/stats").json()
    assert set(after) >= STATS
    assert after["total_analyses"] == before["total_analyses"] + 1
    assert after["total_profiles"] == before["total_profiles"]


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"sender": "0x12"}, 400, "0x12"),
        ({"amount": "12.1234567"}, 400, "12.1234567"),
        ({"amount": "-1"}, 400, "-1"),
        ({"amount": "0"}, 400, "0"),
        ({"amount": "a lot"}, 400, "a lot"),
        ({"amount": None}, 422, "amount"),
        ({"amount": "NaN"}, 400, "NaN"),
        ({"token": "DOGE"}, 404, "DOGE"),
        ({"timestamp": -5}, 422, "timestamp"),
        ({"transaction_id": ""}, 422, "transaction_id"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
def test_analyze__bad_input__problem_names_it(
    api: Served, shared_net: Devnet, change: dict[str, Any], status: int, named: str
) -> None:
    found = problem(api.client.post("/analyze", json=body(shared_net, **change)), status)
    assert named in json.dumps(found)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/analyze", 405), ("GET", "/payments/0x12", 404), ("GET", "/wallet/0x12", 400)],
)
def test_request__wrong_place__problem(api: Served, method: str, path: str, status: int) -> None:
    problem(api.client.request(method, path), status)


def test_request__no_json__problem(api: Served) -> None:
    problem(api.client.post("/analyze", content=b"{", headers={"content-type": "application/json"}), 422)


def test_request__too_large__refused_with_and_without_announced_length(api: Served) -> None:
    large = b'{"transaction_id":"' + b"x" * 5_000 + b'"}'
    headers = {"content-type": "application/json"}
    problem(api.client.post("/analyze", content=large, headers=headers), 413)
    problem(api.client.post("/analyze", content=iter([large[:3_000], large[3_000:]]), headers=headers), 413)


def test_request__too_many__refused_and_probes_stay_open(shared_net: Devnet, tmp_path: Path) -> None:
    with served(shared_net.settings(tmp_path, rate_per_minute=5, rate_burst=5)) as limited:
        answers = [limited.client.get("/stats") for _ in range(8)]
        assert [answer.status_code for answer in answers[:5]] == [200] * 5
        found = problem(answers[-1], 429)
        assert "127.0.0.1" in found["detail"]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert limited.client.get("/health").status_code == 200


def test_amount__any_exact_decimal__reaches_the_contract_unrounded(api: Served, shared_net: Devnet) -> None:
    @given(st.integers(1, 2**96 - 1), st.booleans())
    @settings(max_examples=30, deadline=None)
    def check(units: int, as_number: bool) -> None:
        text = f"{units // 10**6}.{units % 10**6:06d}"
        document = json.dumps({"sender": shared_net.payer, "recipient": shared_net.payee, "amount": "@"})
        raw = document.replace('"@"', text if as_number else f'"{text}"')
        answer = api.client.post("/oracle-format", content=raw, headers={"content-type": "application/json"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["payment"]["amount_units"] == str(units)
        assert Decimal(answer.json()["payment"]["amount"]) == Decimal(text)

    check()


def test_oracle_format__calldata__pays_on_the_chain(api: Served, shared_net: Devnet) -> None:
    request = {"sender": shared_net.payer, "recipient": shared_net.payee, "amount": "3.5"}
    quote = api.client.post("/oracle-format", json=request).json()
    assert quote["approved"], quote
    before = shared_net.read("TestStablecoin", "balanceOf", shared_net.payee)
    transaction = {"from": shared_net.payer, "to": quote["to"], "data": quote["calldata"], "gas": hex(1_000_000)}
    assert shared_net.mined(transaction)["status"] == "0x1"
    assert shared_net.read("TestStablecoin", "balanceOf", shared_net.payee) - before == 3_500_000
    api.node.reaches(quote["payment_id"], PaymentStatus.SETTLED)


def test_payment__settled__explained_by_the_document_whose_hash_is_on_chain(api: Served, shared_net: Devnet) -> None:
    payment_id = shared_net.pay(7_000_000)
    api.node.reaches(payment_id, PaymentStatus.SETTLED)
    found = api.client.get(f"/payments/{payment_id}").json()
    digest = "0x" + hashlib.sha256(found["evidence"].encode()).hexdigest()
    on_chain = next(one for one in shared_net.events("VerdictApplied") if one["paymentId"] == payment_id)
    assert digest == found["evidence_hash"] == on_chain["evidenceHash"]
    assert found["report"]["model_version"] == on_chain["modelVersion"]
    assert [event["name"] for event in found["events"]] == ["PaymentCreated", "VerdictApplied"]
    assert found["amount"] == "7.000000"
    evidence = json.loads(found["evidence"])
    assert payment_id in found["evidence"]
    assert evidence


def test_payments__many__pages_cover_each_once(api: Served, shared_net: Devnet) -> None:
    ids = [shared_net.pay(1_000_000 + number) for number in range(5)]
    api.node.reaches(ids[-1], PaymentStatus.SETTLED)
    seen: list[str] = []
    before: str | None = None
    while True:
        query = {"limit": "2", **({"before": before} if before else {})}
        page = api.client.get("/payments", params=query).json()
        seen += [one["payment_id"] for one in page["payments"]]
        before = page["next_before"]
        if before is None:
            break
    assert len(seen) == len(set(seen))
    assert set(ids) <= set(seen)
    mine = api.client.get("/payments", params={"wallet": shared_net.payer, "status": "settled"}).json()["payments"]
    assert {one["sender"] for one in mine} == {shared_net.payer}


def test_lists__without_key__closed(api: Served, shared_net: Devnet, tmp_path: Path) -> None:
    entry = {"address": shared_net.accounts[9]}
    for path in ("/blacklist", "/whitelist"):
        problem(api.client.post(path, json=entry), 401)
        problem(api.client.post(path, json=entry, headers={"X-API-Key": "wrong"}), 403)
        problem(api.client.request("DELETE", path, json=entry), 401)
    with served(shared_net.settings(tmp_path)) as keyless:
        found = problem(keyless.client.post("/blacklist", json=entry, headers=KEY), 403)
        assert "PAYFLOW_API_KEY" in found["detail"]


def test_blacklist__added_and_removed__decides_at_once(api: Served, shared_net: Devnet) -> None:
    wallet = shared_net.accounts[8]
    added = api.client.post("/blacklist", json={"address": wallet, "note": "case 7"}, headers=KEY)
    assert added.status_code == 201
    assert api.client.post("/blacklist", json={"address": wallet}, headers=KEY).status_code == 200
    assert api.client.get(f"/wallet/{wallet}").json()["is_blacklisted"]
    found = api.client.post("/analyze", json=body(shared_net, recipient=wallet)).json()
    assert found["blocked"]
    assert "SANCTIONED_INTERACTION" in found["alerts"]
    quote = api.client.post(
        "/oracle-format", json={"sender": shared_net.payer, "recipient": wallet, "amount": "1"}
    ).json()
    assert not quote["approved"]
    assert quote["calldata"] == ""
    listed = api.client.get("/blacklist", headers=KEY).json()["entries"]
    assert any(one["address"] == wallet and one["note"] == "case 7" for one in listed)
    assert api.client.request("DELETE", "/blacklist", json={"address": wallet}, headers=KEY).status_code == 200
    problem(api.client.request("DELETE", "/blacklist", json={"address": wallet}, headers=KEY), 404)
    assert not api.client.post("/analyze", json=body(shared_net, recipient=wallet)).json()["blocked"]


def test_wallet__that_paid__counts_and_sums(api: Served, shared_net: Devnet) -> None:
    payer = shared_net.accounts[6]
    shared_net.send(shared_net.admin, "TestStablecoin", "mint", payer, 10**9)
    shared_net.send(payer, "TestStablecoin", "approve", shared_net.core, 10**9)
    last = [shared_net.pay(amount, sender=payer) for amount in (2_000_000, 3_000_001)][-1]
    api.node.reaches(last, PaymentStatus.SETTLED)
    found = api.client.get(f"/wallet/{payer}").json()
    assert set(found) == WALLET
    assert found["transaction_count"] == 2
    assert Decimal(found["total_volume"]) == Decimal("5.000001")


def test_live_feed__payment__every_step_arrives_in_order(api: Served, shared_net: Devnet) -> None:
    with connect(api.url.replace("http", "ws") + "/ws") as socket:
        assert json.loads(socket.recv(10))["type"] == "hello"
        payment_id = shared_net.pay(4_000_000)
        statuses: list[str] = []
        sequences: list[int] = []
        while "settled" not in statuses:
            event = json.loads(socket.recv(20))
            if event["type"] == "heartbeat":
                continue
            sequences.append(event["sequence"])
            if event["type"] in ("payment", "status") and event["data"]["payment_id"] == payment_id:
                statuses.append(event["data"]["status"])
        assert statuses[0] == "pending"
        assert sequences == sorted(sequences)


def test_operations__health_ready_metrics_docs_and_page(api: Served) -> None:
    assert api.client.get("/health").json()["live"]
    assert api.client.get("/ready").json()["ready"]
    assert "payflow_payments_scored_total" in api.client.get("/metrics").text
    for path in ("/docs", "/"):
        page = api.client.get(path)
        assert page.status_code == 200
        assert "//cdn" not in page.text
        assert page.headers["x-content-type-options"] == "nosniff"
    schema = api.client.get("/openapi.json").json()
    wanted = {"/analyze", "/wallet/{address}", "/stats", "/blacklist", "/whitelist", "/oracle-format", "/payments"}
    assert wanted <= set(schema["paths"])


def test_ready__node_without_a_chain__503_and_health_says_why(shared_net: Devnet, tmp_path: Path) -> None:
    from tests.oracle.running import running

    lonely = shared_net.settings(tmp_path, rpc_url="http://127.0.0.1:9", rpc_retries=0)
    with running(lonely) as node:
        assert node.problem("rpc-unavailable")
        assert not node.service.health().ready
