"""Whoever settles can add calldata to a settlement. What he adds accuses no honest signer."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.abi import load_abi
from oracle.chain.contracts import SIGNER_ROLE, PaymentTerms
from oracle.signing import LocalSigner, RiskReport
from oracle.verify import Outcome, Verification
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet
from tests.oracle.faulty_rpc import Call
from tests.oracle.node.test_quorum import SECOND, SECOND_KEY
from tests.oracle.verify import scene
from tests.oracle.verify.scene import DOLLAR, verified

SIGNER = LocalSigner(bytes.fromhex(SIGNER_KEY[2:])).address
STRANGER_KEY = "0x" + "77" * 32
PARTS = {"velocity_score", "timing_score", "issued_at", "expires_at"}


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    """With two signers, of whom one is enough."""
    with devnet(tmp_path_factory.mktemp("forged"), signers=[SIGNER, SECOND]) as net:
        scene.forwarder(net, net.accounts[8])
        yield net


def escrow(net: Devnet, amount: int = 3 * DOLLAR) -> tuple[PaymentTerms, str, RiskReport]:
    """An open escrow with the report that an honest signer makes of it."""
    terms = net.terms(amount)
    payment_id = scene.open_escrow(net, terms)
    return terms, payment_id, scene.honest(net, terms, verified(net, payment_id))


def requires_identical(found: Verification, *, note: str) -> None:
    assert found.reasons == ()
    assert found.outcome is Outcome.IDENTICAL
    assert [one for one in found.notes if note in one]
    assert not [one for one in found.notes if "which did not hold the median" in one]


@pytest.mark.parametrize("key", [None, STRANGER_KEY], ids=["unsigned", "signed by a stranger"])
@pytest.mark.parametrize("bundled", [False, True], ids=["direct", "within another call"])
def test_verify__fake_report_behind_a_settlement__dropped_and_noted(
    net: Devnet, bundled: bool, key: str | None
) -> None:
    terms, payment_id, said = escrow(net)
    fake = replace(said, velocity_score=99)
    forged = (fake.as_abi(), b"") if key is None else scene.signed(net, fake, key)
    scene.brought(
        net,
        scene.settling(terms, scene.signed(net, said)),
        scene.settling(terms, forged),
        to=net.accounts[8] if bundled else None,
    )
    found = verified(net, payment_id)
    requires_identical(found, note="1 report on this payment" if bundled else "more than the call")
    assert {one.name for one in found.fields} >= PARTS


def test_verify__signed_report_behind_a_settlement_of_another_one__the_core_did_not_read_it(net: Devnet) -> None:
    terms, payment_id, said = escrow(net)
    other = scene.settling(terms, scene.signed(net, replace(said, velocity_score=99), SECOND_KEY))
    scene.brought(net, scene.settling(terms, scene.signed(net, said)), other)
    requires_identical(verified(net, payment_id), note="more than the call")


def test_verify__signer_that_signed_a_contradiction__still_found_out(net: Devnet) -> None:
    terms, payment_id, said = escrow(net)
    liar = scene.signed(net, replace(said, velocity_score=99))
    scene.brought(net, scene.settling(terms, liar), to=net.accounts[8])
    found = verified(net, payment_id)
    assert found.outcome is Outcome.DIFFERS
    assert [one.name for one in found.fields if not one.equal] == ["velocity_score"]
    assert "contradicts the evidence document" in found.reasons[0]


def test_verify__signers_that_come_and_go__as_of_the_verdict(tmp_path: Path) -> None:
    role = bytes.fromhex(SIGNER_ROLE[2:])
    with devnet(tmp_path, signers=[SIGNER, SECOND]) as net:
        scene.forwarder(net, net.accounts[8])
        first = escrow(net)
        scene.settle_with(net, first[0], first[2])
        net.send(net.admin, "FraudOracle", "revokeRole", role, SECOND)
        terms, payment_id, said = escrow(net, 4 * DOLLAR)
        gone = scene.signed(net, replace(said, velocity_score=99), SECOND_KEY)
        calls = scene.settling(terms, scene.signed(net, said)), scene.settling(terms, gone)
        scene.brought(net, *calls, to=net.accounts[8])
        net.scheduled("FraudOracle", "grantRole", role, SECOND)
        net.send(net.admin, "FraudOracle", "revokeRole", role, net.signer)
        requires_identical(verified(net, payment_id), note="1 report on this payment")
        found = verified(net, first[1])
        assert found.outcome is Outcome.IDENTICAL
        assert {one.name for one in found.fields} >= PARTS


def test_verify__node_that_has_lost_the_signers_events__asks_the_state(net: Devnet) -> None:
    terms, payment_id, said = escrow(net)
    scene.settle_with(net, terms, said)
    topic = load_abi("FraudOracle").events["SignerAdded"].topic

    def lossy(call: Call, answer: dict[str, Any]) -> object:
        about = call["method"] == "eth_getLogs" and topic in str(call["params"])
        return answer | {"result": []} if about else answer

    with scene.faulty(net, lossy) as settings:
        found = verified(net, payment_id, settings=settings)
    assert found == verified(net, payment_id)
    assert {one.name for one in found.fields} >= PARTS


@pytest.mark.parametrize("bundled", [False, True], ids=["direct", "within another call"])
@pytest.mark.parametrize("key", [None, SIGNER_KEY], ids=["unsigned", "really signed"])
def test_verify__report_behind_a_whitelisted_settlement__verified_by_the_list(
    tmp_path: Path, bundled: bool, key: str | None
) -> None:
    with devnet(tmp_path) as net:
        scene.forwarder(net, net.accounts[8])
        terms, payment_id, said = escrow(net)
        net.scheduled("FraudOracle", "whitelistWallet", net.payer)
        added = (said.as_abi(), b"") if key is None else scene.signed(net, said, key)
        spared = load_abi("PayFlowCore").functions["executeWhitelisted"].call_data(terms.as_abi())
        scene.brought(net, spared, scene.settling(terms, added), to=net.accounts[8] if bundled else None)
        found = verified(net, payment_id)
        assert found.outcome is Outcome.IDENTICAL
        assert [one for one in found.notes if net.payer in one]
        assert len(found.notes) == 2


@pytest.mark.parametrize("bundled", [False, True], ids=["direct", "within another call"])
@pytest.mark.parametrize("key", [None, SIGNER_KEY], ids=["unsigned", "really signed"])
def test_verify__report_with_another_time_behind_an_instant_payment__the_state_is_found(
    tmp_path: Path, bundled: bool, key: str | None
) -> None:
    with devnet(tmp_path) as net, scene.working(net, tmp_path / "data") as node:
        payer = net.accounts[8] if bundled else net.payer
        net.send(net.payer, "TestStablecoin", "mint", payer, 10**9)
        net.send(payer, "TestStablecoin", "approve", net.core, 2**255)
        if bundled:
            scene.forwarder(net, payer)
        scene.settled(net, node, 3 * DOLLAR)
        scene.caught_up(net, node)
        service = node.service
        quote = service.quote_instant(sender=payer, recipient=net.payee, token=service.token(None), amount=DOLLAR)
        terms = PaymentTerms(payer, net.payee, net.token, DOLLAR, quote.reference)
        said = quote.reports[0].report
        earlier = replace(said, issued_at=said.issued_at - 1000, expires_at=said.expires_at - 1000)
        added = (earlier.as_abi(), b"") if key is None else scene.signed(net, earlier, key)
        sender = net.payee if bundled else payer
        scene.brought(net, quote.calldata, scene.settling(terms, added), to=payer if bundled else None, sender=sender)
        found = verified(net, quote.payment_id)
    assert found.reasons == ()
    assert found.outcome is Outcome.IDENTICAL
    assert found.document == quote.document
    assert len(found.notes) == (not bundled or key is None)
    assert "velocity_score" in {one.name for one in found.fields}


def test_verify__instant_quote_of_a_state_that_the_chain_took_back__a_reorganisation_is_named(
    net: Devnet, tmp_path: Path
) -> None:
    with scene.working(net, tmp_path / "data") as node:
        scene.settled(net, node, 3 * DOLLAR)
        scene.caught_up(net, node)
        before = net.anvil.call("evm_snapshot")
        net.pay(5 * DOLLAR, recipient=net.accounts[7])
        scene.caught_up(net, node)
        service = node.service
        quote = service.quote_instant(sender=net.payer, recipient=net.payee, token=service.token(None), amount=DOLLAR)
    net.anvil.call("evm_revert", before)
    scene.brought(net, quote.calldata, sender=net.payer)
    plain = verified(net, quote.payment_id)
    assert plain.outcome is Outcome.DIFFERS
    assert "reorganisation" in " ".join(plain.reasons)
    told = verified(net, quote.payment_id, document=quote.document, source="the quote")
    assert told.outcome is Outcome.DIFFERS
    assert "taken back" in told.reasons[0]
