"""The record of a deployment, and of how far an unfinished one came."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle.errors import DeploymentInvalid


def write_atomically(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees the old file or the new one, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


@dataclass(frozen=True, slots=True)
class Record:
    """Where the record of a chain lies: `<chain id>.json`, and `<chain id>.partial.json` while it is made."""

    folder: Path
    chain_id: int

    @property
    def path(self) -> Path:
        """The finished record."""
        return self.folder / f"{self.chain_id}.json"

    @property
    def partial(self) -> Path:
        """The unfinished one."""
        return self.folder / f"{self.chain_id}.partial.json"

    def finished(self) -> dict[str, Any] | None:
        """The finished record, None where there is none. Raises DeploymentInvalid."""
        return _read(self.path)

    def put_aside(self) -> list[Path]:
        """Rename what is there, so that nothing is lost; the new names."""
        moved = []
        for path in (self.path, self.partial):
            if path.exists():
                number = 1
                while (aside := path.with_suffix(f".old{number}.json")).exists():
                    number += 1
                moved.append(path.rename(aside))
        return moved


@dataclass(slots=True)
class Progress:
    """How far an unfinished deployment came: contracts that it made, and transactions that it signed for others.

    A transaction is written down before it is sent: a run that dies while waiting for it does not make the contract
    twice.
    """

    record: Record
    genesis_hash: str
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def resume(cls, record: Record, genesis_hash: str) -> "Progress":
        """Go on from the partial record if it belongs to this chain, else start from nothing."""
        found = _read(record.partial)
        if found is None or found.get("genesis_hash") != genesis_hash:
            return cls(record, genesis_hash)
        return cls(record, genesis_hash, dict(found.get("contracts", {})), dict(found.get("sent", {})))

    def sending(self, name: str, transaction: str, constructor: Mapping[str, Any]) -> None:
        """Remember a signed transaction that is about to be sent."""
        self.sent[name] = {"transaction": transaction, "constructor": dict(constructor)}
        self._write()

    def add(self, name: str, entry: Mapping[str, Any]) -> None:
        """Remember a contract."""
        self.contracts[name] = dict(entry)
        self.sent.pop(name, None)
        self._write()

    def _write(self) -> None:
        document = {"genesis_hash": self.genesis_hash, "contracts": self.contracts, "sent": self.sent}
        write_atomically(self.record.partial, document)

    def finish(self, document: Mapping[str, Any]) -> None:
        """Write the finished record, then drop the partial one."""
        write_atomically(self.record.path, document)
        self.record.partial.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as broken:
        raise DeploymentInvalid(path=path, field="", problem=f"it cannot be read ({broken})") from None
    if not isinstance(found, dict):
        raise DeploymentInvalid(path=path, field="", problem="it is no JSON object")
    return found
