"""Decimals are what the core recorded when it listed the token, whatever the token answers since."""

from pathlib import Path
from typing import Any

import pytest

from oracle.backtest import ChainSource
from oracle.chain.abi import load_abi
from oracle.chain.contracts import Contracts
from oracle.chain.deployment import load_deployment
from oracle.chain.status import PaymentStatus
from oracle.errors import TokenUnknown
from oracle.scoring import ScreeningLists
from oracle.settings import Settings
from oracle.verify import Outcome, verify
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import FaultyRpc
from tests.oracle.running import running
from tests.oracle.verify import scene

TOKEN = "0x" + "c0" * 20
DOLLAR = 10**6
LISTED = 6


def upgraded(net: Devnet, decimals: int | None) -> None:
    """Make TOKEN a proxy of the test dollar that says so many decimals (None: reverts where it is asked)."""
    answer = "60006000fd" if decimals is None else f"60{decimals:02x}60005260206000f3"
    # DELEGATECALL to the test dollar with what was given (0x0f), return what it did (0x40); decimals() is for 0x45
    code = "60003560e01c63313ce56714604557"
    code += "3660006000376000600036600073" + net.token[2:] + "5af43d600060003e6040573d6000fd"
    code += "5b3d6000f3"
    net.anvil.call("anvil_setCode", TOKEN, "0x" + code + "5b" + answer)


def listed(net: Devnet) -> None:
    """List TOKEN with six decimals, and let the payer use it."""
    upgraded(net, LISTED)
    net.scheduled("PayFlowCore", "listToken", TOKEN)
    for name, arguments in (("mint", (net.payer, 10**15)), ("approve", (net.core, 2**255))):
        data = net.function("TestStablecoin", name).call_data(*arguments)
        receipt = net.mined({"from": net.payer, "to": TOKEN, "data": data, "gas": hex(10**6)})
        assert receipt["status"] == "0x1"


def paid(net: Devnet, amount: int) -> str:
    terms = net.terms(amount)
    return scene.open_escrow(net, type(terms)(terms.sender, terms.recipient, TOKEN, amount, terms.reference))


@pytest.mark.parametrize("later", [18, None], ids=["other decimals", "reverts"])
def test_decimals__token_upgraded_after_it_was_listed__late_nodes_sign_what_early_ones_did(
    net: Devnet, tmp_path: Path, later: int | None
) -> None:
    listed(net)
    with running(net.settings(tmp_path / "early")) as early:
        payment_id = paid(net, 3_000 * DOLLAR)
        early.reaches(payment_id, PaymentStatus.SETTLED)
        upgraded(net, later)
        last = paid(net, 4_000 * DOLLAR)
        early.reaches(last, PaymentStatus.SETTLED)
        signed = {one: early.service.payment(one).report.evidence_hash for one in (payment_id, last)}
    with running(net.settings(tmp_path / "late", private_key=None)) as late:
        late.ready()
        assert {one: late.service.payment(one).report.evidence_hash for one in signed} == signed
        assert late.service.token(TOKEN).decimals == LISTED
    outsider = Settings(rpc_url=net.anvil.url, deployments=net.folder)
    for one in signed:
        assert verify(one, outsider).outcome is Outcome.IDENTICAL
    contracts = Contracts(net.anvil.rpc, load_deployment(net.folder / "31337.json"))
    rows = ChainSource(net.anvil.rpc, contracts, ScreeningLists(), last=net.anvil.height()).rows()
    assert [row.payment.decimals for row in rows] == [LISTED, LISTED]


def test_token__listed_while_the_node_runs__known_before_any_payment_and_after_a_restart(
    net: Devnet, tmp_path: Path
) -> None:
    settings = net.settings(tmp_path / "data")
    with running(settings) as node:
        node.ready()
        with pytest.raises(TokenUnknown):
            node.service.token(TOKEN)
        listed(net)
        scene.caught_up(net, node)
        assert node.service.token(TOKEN).decimals == LISTED
    upgraded(net, 18)
    with running(settings) as node:
        node.ready()
        assert node.service.token(TOKEN).decimals == LISTED
        assert node.service.token(None).address == net.token


def test_decimals__deployment_file_says_another_number__the_chain_is_believed(net: Devnet, tmp_path: Path) -> None:
    path = net.folder / "31337.json"
    path.write_text(path.read_text().replace('"decimals": 6', '"decimals": 18'))
    payment_id = net.pay(3_000 * DOLLAR)
    with running(net.settings(tmp_path / "data")) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
        assert node.service.token(None).decimals == LISTED
        said = node.service.payment(payment_id).report.evidence_hash
    path.write_text(path.read_text().replace('"decimals": 18', '"decimals": 6'))
    with running(net.settings(tmp_path / "other", private_key=None)) as node:
        node.ready()
        assert node.service.payment(payment_id).report.evidence_hash == said


def test_decimals__rpc_node_that_hides_a_listing__is_named_and_nothing_is_signed(net: Devnet, tmp_path: Path) -> None:
    listed(net)
    paid(net, 3 * DOLLAR)
    topic = load_abi("PayFlowCore").events["TokenListed"].topic
    proxy = FaultyRpc(net.anvil.url)

    def hiding(call: dict[str, Any], answer: dict[str, Any]) -> object:
        if call["method"] != "eth_getLogs":
            return answer
        return answer | {"result": [one for one in answer["result"] if one["topics"][0] != topic]}

    proxy.fault = hiding
    try:
        with running(net.settings(tmp_path / "data").model_copy(update={"rpc_url": proxy.url})) as node:
            assert TOKEN in node.problem("rpc-inconsistent")
            assert node.service.payments().payments == ()
            proxy.fault = None
            node.ready()
            assert len(node.service.payments().payments) == 1
    finally:
        proxy.close()


def test_symbol__fails_without_a_word_of_a_revert__keeps_no_node_from_the_blocks_after_the_listing(
    net: Devnet, tmp_path: Path
) -> None:
    # an invalid opcode for everything but decimals(), which answers 6 (JUMPDEST at 0x10)
    code = "60003560e01c63313ce56714601057fe" + "5b600660005260206000f3"
    net.anvil.call("anvil_setCode", TOKEN, "0x" + code)
    with running(net.settings(tmp_path / "data", clock_skew=600)) as node:
        node.ready()
        net.scheduled("PayFlowCore", "listToken", TOKEN)
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
        assert node.service.token(TOKEN).symbol == "?"


def test_symbol__answered_by_nobody_when_the_token_was_listed__is_asked_again_at_the_next_start(
    net: Devnet, tmp_path: Path
) -> None:
    # decimals() answers 6, all else is an invalid opcode; later, everything answers "EURT"
    net.anvil.call("anvil_setCode", TOKEN, "0x60003560e01c63313ce56714601057fe5b600660005260206000f3")
    settings = net.settings(tmp_path / "data", clock_skew=600)
    with running(settings) as node:
        node.ready()
        net.scheduled("PayFlowCore", "listToken", TOKEN)
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
    net.anvil.call("anvil_setCode", TOKEN, "0x60206000526004602052634555525460e01b60405260606000f3")
    with running(settings) as node:
        node.ready()
        assert (node.service.token(TOKEN).symbol, node.service.token(TOKEN).decimals) == ("EURT", 6)
