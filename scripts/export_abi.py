"""Write the ABIs that the node reads, from the compiled contracts: `ape run export_abi`."""

import json
from pathlib import Path
from typing import Any

from ape import project

CONTRACTS = ("FraudOracle", "PayFlowCore", "ComplianceEngine", "TestStablecoin")
FOLDER = Path(__file__).resolve().parent.parent / "oracle" / "chain" / "abi"


def abi_of(name: str) -> list[dict[str, Any]]:
    """The ABI of a compiled contract, in an order that does not depend on the compiler's."""
    entries = [entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in project.contracts[name].abi]
    return sorted(entries, key=lambda entry: (entry["type"], entry.get("name", ""), json.dumps(entry, sort_keys=True)))


def render(name: str) -> str:
    """The content of the ABI file of a contract."""
    return json.dumps(abi_of(name), indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Compile what is stale and write one file per contract."""
    project.load_contracts()
    for name in CONTRACTS:
        path = FOLDER / f"{name}.json"
        path.write_text(render(name), encoding="utf-8")
        print(f"{path.relative_to(FOLDER.parents[2])}: {len(abi_of(name))} entries")
