"""A script of real stablecoin transfers: whole histories of labelled wallets, in true order and at true times."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle.demo.script import Act, Script, reference
from oracle.errors import DataMissing

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("eth_transfers_labelled") / "stablecoin_transfers.parquet"
PER_WALLET = 100
"""Transfers that one wallet contributes at most, so that no single one decides the figures."""
REPORTED, OTHER = "transfers of wallets reported for scam or phishing", "transfers of other wallets"
COLUMNS = ["block", "ts", "tx_hash", "from", "to", "token", "decimals", "value_raw", "ego", "ego_flag"]
NULL = "0x" + "00" * 20
MICRO = 6


@dataclass(frozen=True, slots=True)
class Replay:
    """The script, and what of the data is not in it."""

    script: Script
    wallets: int
    repeated: int
    unusable: int


def data_folder() -> Path:
    """PAYFLOW_DATA, or the shared folder beside the project."""
    return Path(os.environ.get("PAYFLOW_DATA", ROOT.parent / "shared" / "data"))


def real_script(transfers: int) -> Replay:
    """At least `transfers` real transfers, wallet by wallet, reported and others in turn. Raises DataMissing."""
    path = data_folder() / FILE
    if not path.is_file():
        raise DataMissing(path=path)
    histories = _histories(path)
    repeated = unusable = 0
    seen: set[tuple[Any, ...]] = set()
    chosen: list[tuple[tuple[int, int, int], Mapping[str, Any]]] = []
    wallets = 0
    for history in _in_turn(histories):
        if len(chosen) >= transfers:
            break
        wallets += 1
        for number, row in history[:PER_WALLET]:
            key = (row["tx_hash"], row["from"], row["to"], row["token"], row["value_raw"])
            if key in seen:
                repeated += 1
            elif not _usable(row):
                unusable += 1
            else:
                seen.add(key)
                chosen.append(((row["ts"], row["block"], number), row))
    chosen.sort(key=lambda one: one[0])
    acts = tuple(_act(index, row) for index, (_, row) in enumerate(chosen))
    return Replay(Script(acts, ()), wallets, repeated, unusable)


def _histories(path: Path) -> dict[tuple[bool, str], list[tuple[int, Mapping[str, Any]]]]:
    from pyarrow import parquet  # an extra: only this command needs it

    histories: dict[tuple[bool, str], list[tuple[int, Mapping[str, Any]]]] = {}
    for number, row in enumerate(parquet.read_table(path, columns=COLUMNS).to_pylist()):
        histories.setdefault((bool(row["ego_flag"]), str(row["ego"])), []).append((number, row))
    for history in histories.values():
        history.sort(key=lambda one: (one[1]["ts"], one[1]["block"], one[0]))
    return histories


def _in_turn(
    histories: Mapping[tuple[bool, str], list[tuple[int, Mapping[str, Any]]]],
) -> Iterator[list[tuple[int, Mapping[str, Any]]]]:
    """Reported and other wallets alternately, in an order that has nothing to do with either."""
    sides = [
        sorted((wallet for wallet in histories if wallet[0] is flagged), key=lambda wallet: _shuffled(wallet[1]))
        for flagged in (True, False)
    ]
    for pair in zip(*sides, strict=False):
        for wallet in pair:
            yield histories[wallet]


def _shuffled(address: str) -> str:
    return hashlib.sha256(address.lower().encode()).hexdigest()


def _usable(row: Mapping[str, Any]) -> bool:
    """The core pays nobody nothing, nobody themselves, and no null address."""
    sender, recipient = str(row["from"]).lower(), str(row["to"]).lower()
    return NULL not in (sender, recipient) and sender != recipient and 0 < _micro(row) < 2**96


def _micro(row: Mapping[str, Any]) -> int:
    """The amount in the test stablecoin's base units, rounded down."""
    units, decimals = int(row["value_raw"]), int(row["decimals"])
    return units * int(10**MICRO) // int(10**decimals)


def _act(index: int, row: Mapping[str, Any]) -> Act:
    flagged = bool(row["ego_flag"])
    return Act(
        time=int(row["ts"]),
        sender=str(row["from"]).lower(),
        recipient=str(row["to"]).lower(),
        amount=_micro(row),
        reference=reference("real", index),
        truth=REPORTED if flagged else OTHER,
        fraud=flagged,
    )
