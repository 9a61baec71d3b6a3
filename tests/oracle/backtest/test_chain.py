"""A backtest of the chain's own payments says what the node said."""

import csv
from pathlib import Path

from oracle.backtest import ChainSource, EngineJudge, backtest
from oracle.chain.contracts import Contracts
from oracle.chain.deployment import load_deployment
from oracle.chain.status import PaymentStatus
from oracle.errors import PaymentUnknown
from oracle.scoring import RiskModel, ScreeningLists
from tests.oracle.devnet import Devnet
from tests.oracle.running import RunningNode, eventually, running


def source_of(net: Devnet, *, blocks: int = 500) -> ChainSource:
    contracts = Contracts(net.anvil.rpc, load_deployment(net.folder / "31337.json"))
    return ChainSource(net.anvil.rpc, contracts, ScreeningLists(), last=net.anvil.height(), blocks=blocks)


def _knows(node: RunningNode, payment_id: str) -> bool:
    try:
        return bool(node.payment(payment_id))
    except PaymentUnknown:
        return False


def judge() -> EngineJudge:
    return EngineJudge(RiskModel.default(), ScreeningLists())


def test_chain__with_payments_and_a_list_change_between__gives_the_hashes_that_the_node_signed(
    net: Devnet, tmp_path: Path
) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        ids = [net.pay(3_000_000 + number) for number in range(4)]
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)
        other = net.accounts[6]
        ids.append(net.pay(5_000_000, recipient=other))
        node.reaches(ids[4], PaymentStatus.SETTLED)
        net.anvil.call("evm_setAutomine", False)
        last = net.terms(6_000_000, recipient=other)
        net.post(
            last.sender,
            "PayFlowCore",
            "createPayment",
            other,
            last.token,
            last.amount,
            bytes.fromhex(last.reference[2:]),
        )
        net.post(net.admin, "FraudOracle", "blacklistWallet", last.sender, "case 7")
        net.anvil.mine()
        net.anvil.call("evm_setAutomine", True)
        ids.append(last.payment_id(chain_id=31337, core=net.core))
        eventually(lambda: node.service.health().ready and _knows(node, ids[-1]), "the last payment is signed")
        signed = {one: node.service.payment(one).report.evidence_hash for one in ids}
    for blocks in (500, 3):
        path = tmp_path / f"chain-{blocks}.csv"
        backtest(source_of(net, blocks=blocks), judge(), path)
        with path.open(newline="") as stream:
            assert {row["id"]: row["evidence"] for row in csv.DictReader(stream)} == signed
