"""The node is killed at any moment, or asked to stop, and started again: everything is settled exactly once."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oracle.chain.status import PaymentStatus
from oracle.settings import Settings
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet
from tests.oracle.running import eventually, running

DOLLAR = 10**6
ROUNDS = 8

PROGRAM = """
import signal, sys, threading
from oracle.node import Node
from oracle.settings import load_settings
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
signal.signal(signal.SIGINT, lambda *_: stop.set())
node = Node(load_settings())
print("open", flush=True)
node.run(stop)
node.close()
print("closed", flush=True)
"""


class Process:
    """A node in a process of its own."""

    def __init__(self, settings: Settings) -> None:
        environment = {
            "PAYFLOW_RPC_URL": settings.rpc_url,
            "PAYFLOW_DEPLOYMENTS": str(settings.deployments),
            "PAYFLOW_DATA_DIR": str(settings.data_dir),
            "PAYFLOW_PRIVATE_KEY": SIGNER_KEY,
            "PAYFLOW_POLL_INTERVAL": "0.02",
            "PAYFLOW_BATCH_SIZE": "3",
            "PAYFLOW_BUMP_AFTER": "1",
            "PAYFLOW_RETRY_FIRST": "0.05",
            "PATH": "/usr/bin:/bin",
            "OMP_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PROGRAM],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self.output = ""
        for line in self._process.stdout:
            self.output += line
            if line == "open\n":
                return
        self._process.communicate()
        raise AssertionError(f"the node did not start:\n{self.output}")

    def end(self, how: signal.Signals) -> int:
        self._process.send_signal(how)
        rest, _ = self._process.communicate(timeout=20)
        self.output += rest
        return self._process.returncode


def all_settled(net: Devnet, ids: list[str]) -> bool:
    return all(net.status(payment_id) == 2 for payment_id in ids)


def test_kill__at_random_moments__every_payment_has_exactly_one_final_event(tmp_path: Path) -> None:
    chance = random.Random(20_240_601)  # noqa: S311 (it chooses moments, not secrets)
    # blocks at random moments too: transactions wait in the pool while the node dies
    with devnet(tmp_path) as net:
        settings = net.settings(tmp_path / "data")
        net.anvil.call("evm_setAutomine", False)
        ids: list[str] = []
        for _ in range(ROUNDS):
            ids.extend(net.pay(3 * DOLLAR + number) for number in range(chance.randint(1, 4)))
            node = Process(settings)
            deadline = time.monotonic() + chance.uniform(0.0, 0.8)
            while time.monotonic() < deadline:
                if chance.random() < 0.1:
                    net.anvil.mine()
                time.sleep(0.01)
            node.end(signal.SIGKILL)
            if chance.random() < 0.5:
                net.anvil.mine()
        node = Process(settings)

        def done() -> bool:
            net.anvil.mine()
            return all_settled(net, ids)

        eventually(done, "everything is settled", lambda: [net.status(one) for one in ids], patience=40)
        assert node.end(signal.SIGTERM) == 0, node.output
        final = [event["paymentId"] for event in net.events("VerdictApplied")]
        assert sorted(final) == sorted(ids)
        assert net.events("SettlementSkipped") == []
        # the journal agrees with the chain, and the next node finds nothing to do
        sent = int(net.anvil.call("eth_getTransactionCount", net.signer, "pending"), 16)
        with running(settings) as again:
            for payment_id in ids:
                again.reaches(payment_id, PaymentStatus.SETTLED)
            again.ready()
        assert int(net.anvil.call("eth_getTransactionCount", net.signer, "pending"), 16) == sent


def test_kill__while_the_chain_takes_blocks_back__what_remains_has_exactly_one_final_event(
    net: Devnet, tmp_path: Path
) -> None:
    chance = random.Random(7)  # noqa: S311 (it chooses moments, not secrets)
    settings = net.settings(tmp_path / "data")
    net.anvil.call("evm_setAutomine", False)
    deployed = net.anvil.height()
    for _ in range(5):
        for number in range(chance.randint(1, 4)):
            net.pay(3 * DOLLAR + number)
        node = Process(settings)
        deadline = time.monotonic() + chance.uniform(0.3, 1.0)
        while time.monotonic() < deadline:
            draw = chance.random()
            if draw < 0.12:
                net.anvil.mine()
            elif draw < 0.16 and net.anvil.height() > deployed + 4:
                net.anvil.call("anvil_reorg", chance.randint(1, 3), [])
            time.sleep(0.01)
        node.end(signal.SIGKILL)
    node = Process(settings)

    def done() -> bool:
        net.anvil.mine()
        return all_settled(net, [event["paymentId"] for event in net.events("PaymentCreated")])

    eventually(done, "everything that remains is settled", patience=40)
    assert node.end(signal.SIGTERM) == 0, node.output
    made = [event["paymentId"] for event in net.events("PaymentCreated")]
    final = [event["paymentId"] for event in net.events("VerdictApplied")]
    assert made
    assert sorted(final) == sorted(made)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stop__a_signal__ends_cleanly_and_the_next_start_goes_on(
    net: Devnet, tmp_path: Path, how: signal.Signals
) -> None:
    settings = net.settings(tmp_path / "data")
    first = net.pay(3 * DOLLAR)
    node = Process(settings)
    eventually(lambda: all_settled(net, [first]), "the first is settled")
    assert node.end(how) == 0
    assert node.output.endswith("closed\n")
    assert SIGNER_KEY[2:] not in node.output
    second = net.pay(4 * DOLLAR)
    node = Process(settings)
    eventually(lambda: all_settled(net, [second]), "the second is settled")
    assert node.end(how) == 0
    assert len(net.events("VerdictApplied")) == 2


def test_start__a_second_node_on_the_same_journal__is_refused(net: Devnet, tmp_path: Path) -> None:
    settings = net.settings(tmp_path / "data")
    node = Process(settings)
    with pytest.raises(AssertionError, match="StoreLocked"):
        Process(settings)
    assert node.end(signal.SIGTERM) == 0
