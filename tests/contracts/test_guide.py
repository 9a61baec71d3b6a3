"""docs/contracts.md says what the contracts say: its code runs as it stands, and no event is missing."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "contracts.md"
CONTRACTS = {"PayFlowCore": "core", "FraudOracle": "oracle", "ComplianceEngine": "compliance"}
ROW = re.compile(r"^\| `(\w+\(.*?\))` \| (.*?) \|", re.MULTILINE)


def nodes(helper: str) -> Any:
    """What the node's tests share; untyped, because the types of the node are those of another numpy than ape's."""
    return importlib.import_module(f"tests.oracle.{helper}")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A deployment as `ape run deploy` records one, for code that knows no ape."""
    with nodes("devnet").devnet(tmp_path_factory.mktemp("net")) as fresh:
        yield fresh


def test_integration_guide__its_code_with_a_node__pays_into_escrow_takes_back_and_pays_at_once(
    net: Any, tmp_path: Path
) -> None:
    escrow, instant = re.findall(r"```py(?:thon)?\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    payer, payee = Web3.to_checksum_address(net.payer), Web3.to_checksum_address(net.payee)
    scope: dict[str, Any] = {
        "RPC_URL": net.anvil.url,
        "DEPLOYMENT": str(net.folder / "31337.json"),
        "PAYER": payer,
        "RECIPIENT": payee,
    }
    exec(compile(escrow, str(GUIDE), "exec"), scope)  # noqa: S102 - our own documentation
    assert (scope["status"], scope["why"]) == (1, "WrongStatus")
    before = net.read("TestStablecoin", "balanceOf", payee)
    with nodes("serving").served(net.settings(tmp_path)) as node:
        exec(compile(instant, str(GUIDE), "exec"), {**scope, "NODE_URL": node.url})  # noqa: S102
    assert net.read("TestStablecoin", "balanceOf", payee) - before == 25_500_000
    (paid,) = net.events("PaymentPaidInstantly")
    assert (paid["sender"], paid["recipient"], paid["amount"]) == (net.payer, net.payee, 25_500_000)


def test_events__all_of_the_three_contracts__have_a_row_with_their_arguments() -> None:
    expected: dict[str, list[str]] = {}
    for contract, name in CONTRACTS.items():
        for entry in json.loads((ROOT / "oracle" / "chain" / "abi" / f"{contract}.json").read_text(encoding="utf-8")):
            if entry["type"] == "event":
                arguments = [one["name"] + "*" * one["indexed"] for one in entry["inputs"]]
                expected.setdefault(f"{entry['name']}({', '.join(arguments)})", []).append(name)
    section = GUIDE.read_text(encoding="utf-8").split("## Events for indexers")[1].split("\n## ")[0]
    rows = ROW.findall(section)
    assert dict(rows) == {event: ", ".join(contracts) for event, contracts in expected.items()}
    assert len(rows) == len(expected)
