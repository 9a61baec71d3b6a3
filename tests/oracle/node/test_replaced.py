"""Parts of the core that are replaced while a node runs."""

from pathlib import Path

from oracle.chain.status import PaymentStatus
from oracle.node import NodeState, Stage
from tests.oracle.devnet import devnet
from tests.oracle.running import running

DOLLAR = 10**6


def test_run__oracle_replaced__says_so_and_settles_with_the_new_one_after_a_restart(tmp_path: Path) -> None:
    with devnet(tmp_path) as net:
        with running(net.settings(tmp_path / "data")) as node:
            node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
            net.replace_oracle()
            said = node.problem("part-replaced")
            assert f"FraudOracle at {net.addresses['FraudOracle']}" in said
            assert "submits nothing" in said
            assert node.service.health().state is NodeState.DEGRADED
            waiting = net.pay(4 * DOLLAR)
            view = node.reaches_stage(waiting, Stage.SIGNED)
            # nothing was tried that could not succeed
            assert (view.status, view.reason) == (PaymentStatus.PENDING, "")
        net.write_file([net.signer], 1)
        with running(net.settings(tmp_path / "data")) as node:
            node.reaches(waiting, PaymentStatus.SETTLED)
            assert "part-replaced" not in [one.code for one in node.service.health().problems]


def test_run__compliance_engine_replaced__says_so_and_goes_on_settling(tmp_path: Path) -> None:
    with devnet(tmp_path) as net, running(net.settings(tmp_path / "data")) as node:
        node.ready()
        net.replace_compliance()
        assert f"ComplianceEngine at {net.addresses['ComplianceEngine']}" in node.problem("part-replaced")
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
