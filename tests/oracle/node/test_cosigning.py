"""Instant payments that need a quorum: nodes sign each other's intents, over real HTTP."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from oracle.errors import QuorumUnreachable
from oracle.node import ListKind
from oracle.signing import LocalSigner, ReportDigests
from tests.oracle.devnet import Devnet, free_port
from tests.oracle.node.test_quorum import serving
from tests.oracle.node.trio import SECOND_KEY, SIGNERS, THIRD_KEY, trio
from tests.oracle.running import RunningNode, running
from tests.oracle.serving import served

DOLLAR = 10**6


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Devnet]:
    with trio(tmp_path) as found:
        yield found


def asked(net: Devnet, amount: str = "3.5") -> dict[str, str]:
    return {"sender": net.payer, "recipient": net.payee, "amount": amount}


def pay(net: Devnet, quote: dict[str, Any]) -> None:
    transaction = {"from": net.payer, "to": quote["to"], "data": quote["calldata"], "gas": hex(2_000_000)}
    assert net.mined(transaction)["status"] == "0x1"


def test_quote__quorum_of_two__carries_both_signatures_and_pays(net: Devnet, tmp_path: Path) -> None:
    with (
        served(net.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
        served(net.settings(tmp_path / "first", peers=second.url)) as first,
    ):
        quote = first.client.post("/oracle-format", json=asked(net)).raise_for_status().json()
        assert [one["signer"] for one in quote["reports"]] == SIGNERS[:2]
        pay(net, quote)
    (paid,) = net.events("PaymentPaidInstantly")
    assert "0x" + paid["paymentId"].removeprefix("0x") == quote["payment_id"]


def test_quote__nodes_that_disagree__the_higher_middle_score_decides(net: Devnet, tmp_path: Path) -> None:
    with (
        served(net.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
        served(net.settings(tmp_path / "first", peers=second.url)) as first,
    ):
        second.node.service.list_add(ListKind.BLACKLIST, net.payee)
        quote = first.client.post("/oracle-format", json=asked(net)).raise_for_status().json()
    scores = [one["report"]["overall_score"] for one in quote["reports"]]
    assert scores[0] <= 40 < 81 <= scores[1] == quote["overall_score"]
    assert (quote["approved"], quote["risk_level"], quote["calldata"]) == (False, "CRITICAL", "")


def test_quote__nodes_that_ask_each_other_at_once__none_waits_for_the_other(net: Devnet, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with (
        served(net.settings(tmp_path / "first", peers=urls[1], rate_burst=1_000), port=ports[0]) as first,
        served(
            net.settings(tmp_path / "second", private_key=SECOND_KEY, peers=urls[0], rate_burst=1_000), port=ports[1]
        ) as second,
        ThreadPoolExecutor(16) as crowd,
    ):
        answers = list(
            crowd.map(
                lambda number: (first, second)[number % 2].client.post(
                    "/oracle-format", json=asked(net, f"{number + 1}")
                ),
                range(60),
            )
        )
    assert [one.status_code for one in answers] == [200] * 60


def test_quote__one_peer_is_silent__the_others_answer_is_enough(net: Devnet, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dead = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            served(net.settings(tmp_path / "third", private_key=THIRD_KEY)) as third,
            running(net.settings(tmp_path / "first", peers=f"{dead},{third.url}", peer_timeout=60)) as first,
        ):
            first.ready()
            for _ in range(12):  # more than the threads that wait for the silent one
                assert [one.signer for one in quoted(net, first).reports] == [SIGNERS[0], SIGNERS[2]]


@pytest.mark.parametrize(
    "changes",
    [{"payment_id": "0x" + "11" * 32}, {"issued_at": 1, "expires_at": 2}, {"issued_at": 2**40, "expires_at": 2**41}],
    ids=["other-payment", "expired", "of-the-future"],
)
def test_quote__a_signer_signs_what_the_contract_refuses__is_left_out(
    net: Devnet, tmp_path: Path, changes: dict[str, Any]
) -> None:
    digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])

    def answer(intent: dict[str, str]) -> Any:
        token = second.service.token(intent["token"])
        words = {name: intent[name] for name in ("sender", "recipient", "reference")}
        signed = second.service.sign_instant(token=token, amount=token.units(intent["amount"]), **words)
        report = replace(signed.report, **changes)
        signature = LocalSigner(bytes.fromhex(SECOND_KEY[2:])).sign(digests.report(report)).full()
        return {"report": asdict(report), "signature": "0x" + signature.hex()}

    with (
        running(net.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
        serving(answer) as url,
        running(net.settings(tmp_path / "first", peers=url)) as first,
    ):
        first.ready()
        second.ready()
        with pytest.raises(QuorumUnreachable) as refused:
            quoted(net, first)
        assert (refused.value.required, refused.value.collected) == (2, 1)


def test_quote__stranger_signs_for_a_signer__is_left_out(net: Devnet, tmp_path: Path) -> None:
    with (
        served(net.settings(tmp_path / "stranger", private_key="0x" + "77" * 32)) as stranger,
        running(net.settings(tmp_path / "first", peers=stranger.url)) as first,
    ):
        first.ready()
        with pytest.raises(QuorumUnreachable):
            quoted(net, first)


def quoted(net: Devnet, node: RunningNode) -> Any:
    return node.service.quote_instant(
        sender=net.payer, recipient=net.payee, token=node.service.token(None), amount=DOLLAR
    )
