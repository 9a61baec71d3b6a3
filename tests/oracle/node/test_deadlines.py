"""Deadlines, lost rights and wrong clocks while payments wait, are sent, or lie in a pool."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oracle.chain.contracts import SIGNER_ROLE
from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from oracle.settings import Settings
from oracle.signing import LocalSigner
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet
from tests.oracle.node.test_transactions import pool, replaced
from tests.oracle.node.test_unsettleable import open_many
from tests.oracle.node.trio import SECOND_KEY, trio
from tests.oracle.running import eventually, running
from tests.oracle.serving import served

DOLLAR = 10**6
DAY = 86_400_000
SMALL, NORMAL = hex(120_000), hex(30_000_000)
"""Gas limits of blocks: one with room for a transaction that does nothing, and for no settlement."""


def deadline(net: Devnet, payment_id: str) -> int:
    return int(net.read("PayFlowCore", "getPayment", bytes.fromhex(payment_id[2:]))["settleDeadline"])


@contextmanager
def journal(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The journal, to look into; to be written to only while no node runs on it."""
    connection = sqlite3.connect(settings.data_dir / "journal.sqlite3")
    with connection:
        yield connection
    connection.close()


def test_settle__one_of_many_is_nearly_over__goes_alone_and_the_others_succeed(net: Devnet, tmp_path: Path) -> None:
    old = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setNextBlockTimestamp", deadline(net, old) - 5)
    ids = open_many(net, 19, net.token, net.payee)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", clock_skew=600, bump_after=60)) as node:
        for one in [old, *ids]:
            node.reaches_stage(one, Stage.SUBMITTED)
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, old) + 7)
        net.anvil.mine()
        for one in ids:
            assert node.reaches(one, PaymentStatus.SETTLED).reason == ""
        node.reaches_stage(old, Stage.EXPIRED)
        assert len({node.payment(one).settled_tx for one in ids}) == 1


def test_push__a_deadline_passes_while_a_batch_waits__its_nonce_is_freed_and_the_others_are_settled(
    net: Devnet, tmp_path: Path
) -> None:
    old = net.pay(3 * DOLLAR)
    net.anvil.call("evm_increaseTime", 600)
    ids = [old, net.pay(4 * DOLLAR), net.pay(5 * DOLLAR)]
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", clock_skew=600, bump_after=600)) as node:
        (batch,) = eventually(lambda: pool(net), "the batch waits")
        net.anvil.call("evm_setBlockGasLimit", SMALL)
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, old) + 7)
        net.anvil.mine()
        (void,) = eventually(
            lambda: [one for one in pool(net) if one["to"] == net.signer], "it is given up", lambda: pool(net)
        )
        assert void["nonce"] == batch["nonce"]
        net.anvil.mine()
        node.reaches_stage(old, Stage.EXPIRED)
        net.anvil.call("evm_setBlockGasLimit", NORMAL)
        net.anvil.call("evm_setAutomine", True)
        net.anvil.mine()
        for one in ids[1:]:
            node.reaches(one, PaymentStatus.SETTLED)
        assert node.metric("payflow_transactions_total", kind="settleBatch", result="failed") == 0
        assert len(node.service.payment(old).attempts) == 2


def test_push__the_role_is_lost_while_a_settlement_waits__it_is_not_sent_again_at_higher_fees(tmp_path: Path) -> None:
    signers = [LocalSigner(bytes.fromhex(key[2:])).address for key in (SIGNER_KEY, SECOND_KEY)]
    with devnet(tmp_path, signers=signers) as net:
        payment_id = net.pay(3 * DOLLAR)
        net.anvil.call("evm_setAutomine", False)
        with running(net.settings(tmp_path / "data", bump_after=1.5)) as node:
            (settlement,) = eventually(lambda: pool(net), "the settlement waits")
            net.anvil.call("evm_setBlockGasLimit", SMALL)
            role = bytes.fromhex(SIGNER_ROLE[2:])
            data = net.function("FraudOracle", "revokeRole").call_data(role, net.signer)
            revocation = {"from": net.admin, "to": net.addresses["FraudOracle"], "data": data, "gas": hex(110_000)}
            fees = {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**11)}
            assert net.mined({**revocation, **fees})["status"] == "0x1"
            assert pool(net), "the settlement did not fit in"
            (void,) = eventually(lambda: replaced(net, settlement), "it is given up", lambda: pool(net))
            assert void["to"] == net.signer
            assert void["nonce"] == settlement["nonce"]
            assert net.status(payment_id) == 1
            net.anvil.mine()
            node.problem("not-a-signer")
            eventually(lambda: node.service.health().in_flight == 0, "nothing waits any more")


def test_settle__the_contract_refuses_a_batch_for_one_of_them__the_others_go_together(
    net: Devnet, tmp_path: Path
) -> None:
    ids = open_many(net, 10, net.token, net.payee)
    settings = net.settings(tmp_path / "data", private_key=None)
    with running(settings) as node:
        for one in ids:
            node.reaches(one, PaymentStatus.PENDING)
    with journal(settings) as rows:  # a report that no contract takes: it makes the whole batch fail
        rows.execute("update reports set expires_at = issued_at + 2592000 where payment_id = ?", [ids[3]])
    with running(net.settings(tmp_path / "data", retry_first=5, retry_max=5)) as node:
        good = [one for one in ids if one != ids[3]]
        for one in good:
            node.reaches(one, PaymentStatus.SETTLED)
        assert ids[3] in node.reaches_stage(ids[3], Stage.WAITING).reason
        assert len({node.payment(one).settled_tx for one in good}) < 6
        assert node.metric("payflow_settlement_refusals_total") == 1


def test_settle__put_off_by_a_clock_that_was_ahead__is_due(tmp_path: Path) -> None:
    with trio(tmp_path) as net:
        settings = net.settings(tmp_path / "first", submit_stagger=0)
        payment_id = net.pay(3 * DOLLAR)
        with running(settings) as first:
            first.reaches_stage(payment_id, Stage.SHARING)
        with journal(settings) as rows:
            rows.execute("update payments set retry_at = retry_at + ?", [DAY])
        with (
            served(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second,
            running(net.settings(tmp_path / "first", submit_stagger=0, peers=second.url)) as first,
        ):
            first.reaches(payment_id, PaymentStatus.SETTLED)


def test_push__sent_by_a_clock_that_was_ahead__is_replaced(net: Devnet, tmp_path: Path) -> None:
    net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    settings = net.settings(tmp_path / "data", bump_after=2)
    with running(settings):
        (first,) = eventually(lambda: pool(net), "the settlement waits")
    with journal(settings) as rows:
        rows.execute("update attempts set sent_at = sent_at + ?", [DAY])
    with running(settings):
        eventually(lambda: replaced(net, first), "it is replaced")
