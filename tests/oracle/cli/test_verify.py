"""`payflow verify` as a script uses it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.cli.test_cli import Shell
from tests.oracle.devnet import Devnet
from tests.oracle.serving import Served, served
from tests.oracle.verify import scene
from tests.oracle.verify.scene import DOLLAR


@pytest.fixture(scope="module")
def node(shared_net: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_net.settings(tmp_path_factory.mktemp("node"))) as found:
        yield found


@pytest.fixture(scope="module")
def shell(shared_net: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Somebody's machine without a node."""
    return Shell(shared_net, tmp_path_factory.mktemp("shell"))


@pytest.fixture(scope="module")
def payment_id(shared_net: Devnet, node: Served) -> str:
    return scene.settled(shared_net, node.node, 3 * DOLLAR)


def test_verify__honest_verdict__says_identical_and_leaves_with_0(shell: Shell, payment_id: str) -> None:
    done = shell.run("verify", payment_id)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("identical\n")
    assert payment_id in done.stdout
    assert "evidence_hash" in done.stdout


def test_verify__json_with_the_nodes_document__data_and_nothing_else(
    shell: Shell, node: Served, payment_id: str
) -> None:
    found = shell.json("verify", payment_id, "--api", node.url, "--thorough")
    assert found["result"] == "identical"
    assert found["evidence"] == {
        "source": node.url,
        "sha256": found["evidence"]["sha256"],
        "on_chain": True,
        "first_difference": None,
    }
    chain = {one["name"]: one["chain"] for one in found["fields"]}
    assert chain["evidence_hash"] == found["evidence"]["sha256"]
    assert json.loads(found["document"])["payment"]["id"] == payment_id


def test_verify__another_model__table_of_what_differs_and_1(shell: Shell, payment_id: str, tmp_path: Path) -> None:
    version = scene.other_model(tmp_path / "other")
    done = shell.run("verify", payment_id, "--model", str(tmp_path / "other"))
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("differs\n")
    assert version in done.stdout
    assert "Why: The verdict was made with another model" in done.stdout


def test_verify__altered_document__first_line_that_differs_and_1(
    shell: Shell, node: Served, payment_id: str, tmp_path: Path
) -> None:
    document = node.node.service.payment(payment_id).evidence
    path = tmp_path / "document.json"
    path.write_bytes(document)
    assert shell.run("verify", payment_id, "--evidence", str(path)).returncode == 0
    level = json.loads(document)["level"]
    path.write_bytes(document.replace(f'"level":"{level}"'.encode(), b'"level":"FINE"'))
    done = shell.run("verify", payment_id, "--evidence", str(path))
    assert done.returncode == 1, done.stderr
    assert 'document: level = "FINE"' in done.stdout
    assert f'recomputed: level = "{level}"' in done.stdout


def test_verify__one_signer__cannot_be_recomputed_and_2(shell: Shell, shared_net: Devnet) -> None:
    # in one block, before the node has its say
    shared_net.anvil.call("evm_setAutomine", False)
    terms = shared_net.terms(DOLLAR)
    one_signer = terms.payment_id(chain_id=scene.CHAIN, core=shared_net.core)
    raw = bytes.fromhex(one_signer[2:])
    parties = (terms.recipient, terms.token, terms.amount, bytes.fromhex(terms.reference[2:]))
    shared_net.post(terms.sender, "PayFlowCore", "createPayment", *parties)
    said = (raw, terms.sender, terms.recipient, terms.amount, 1, 2, 3, 4, 5)
    shared_net.post(shared_net.signer, "FraudOracle", "analyzeTransaction", *said)
    shared_net.post(shared_net.admin, "PayFlowCore", "executePayment", raw)
    shared_net.anvil.mine()
    shared_net.anvil.call("evm_setAutomine", True)
    done = shell.run("verify", one_signer)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout.startswith("cannot be recomputed\n")
    assert shared_net.signer in done.stdout


def test_verify__signer_that_lies__table_after_every_block_was_read_and_1(shell: Shell, shared_net: Devnet) -> None:
    shared_net.anvil.call("evm_setAutomine", False)  # in one block, before the node has its say
    terms = shared_net.terms(DOLLAR)
    parties = (terms.recipient, terms.token, terms.amount, bytes.fromhex(terms.reference[2:]))
    shared_net.post(terms.sender, "PayFlowCore", "createPayment", *parties)
    scene.settle_with(shared_net, terms, scene.report(shared_net, terms))
    shared_net.anvil.call("evm_setAutomine", True)
    done = shell.run("verify", terms.payment_id(chain_id=scene.CHAIN, core=shared_net.core))
    assert done.returncode == 1, done.stderr
    assert "with every block" in done.stderr
    assert "What differs" in done.stdout
    assert "0x" + "e1" * 10 in done.stdout
    assert "--lists" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("0x12",), 2, "no payment id"),
        (("0x" + "ab" * 32,), 6, "knows no payment"),
        (("0x" + "ab" * 32, "--rpc", "http://127.0.0.1:9"), 4, "PAYFLOW_RPC_URL"),
        (("0x" + "ab" * 32, "--api", "http://127.0.0.1:9"), 4, "payflow node"),
        (("0x" + "ab" * 32, "--model", "README"), 2, "README"),
        (("0x" + "ab" * 32, "--model", "tampered"), 3, "no PayFlow model file"),
        (("0x" + "ab" * 32, "--lists", "tampered"), 3, "docs/verifying.md"),
        (("0x" + "ab" * 32, "--evidence", "tampered", "--api", "http://127.0.0.1:9"), 2, "not by both"),
    ],
)
def test_verify__failure__exit_code_and_a_sentence(
    shell: Shell, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (shell.folder / "tampered").write_bytes(b"\x01" * 99)
    done = shell.run("verify", *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_help__of_verify__comes_with_an_example(shell: Shell) -> None:
    assert "Example" in shell.run("verify", "--help").stdout
