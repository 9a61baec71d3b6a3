"""Laundering attempts of IBM AMLworld mixed by time into real licit transfers, as `benchmarks.typology` says."""

import csv
import gzip
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.errors import ConfigurationError
from oracle.scoring.stream import Table, key_of

# Read off sums that pass from one currency to the next unchanged; that of Bitcoin, which one payment uses, is of 2020.
DOLLARS = {
    "US Dollar": 1.0,
    "Euro": 1 / 0.8534,
    "Swiss Franc": 1 / 0.915,
    "Yuan": 1 / 6.6976,
    "Rupee": 1 / 73.444,
    "Ruble": 1 / 77.804,
    "UK Pound": 1.2917,
    "Yen": 1 / 105.4,
    "Australian Dollar": 1 / 1.4128,
    "Canadian Dollar": 1 / 1.3193,
    "Mexican Peso": 1 / 21.1431,
    "Brazil Real": 1 / 5.664,
    "Saudi Riyal": 1 / 3.7511,
    "Shekel": 0.2961,
    "Bitcoin": 11_879.0,
}
SERVICES = {"exchange", "dex", "defi", "token-contract", "burn"}
Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Mixture:
    """N payments in the order of time. `attempt` (N,) is -1 where licit; `half` (N,) 0 or 1, by licit wallet or by
    attempt; `shown` (A,) whether an attempt has a connected part of three payments; `place` (A,) the share of its
    typology's attempts in its half that come before it."""

    table: Table
    attempt: NDArray[np.int64]
    half: NDArray[np.int64]
    spared: Bits
    typology: tuple[str, ...]
    shown: Bits
    place: NDArray[np.float64]


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ConfigurationError(
            f"There is no {path}: set PAYFLOW_DATA to the folder of the shared data sets, which holds {name}."
        )
    return path


def _largest_part(pairs: list[tuple[int, int]]) -> int:
    """Payments of the largest connected part, those to oneself aside."""
    part: dict[int, int] = {}

    def root(x: int) -> int:
        while part.setdefault(x, x) != x:
            x = part[x]
        return x

    for s, r in pairs:
        part[root(s)] = root(r)
    return max(Counter(root(s) for s, r in pairs if s != r).values(), default=0)


def mixture(folder: Path, licit: str, tempo: bool) -> Mixture:
    """Attempts and licit transfers of one file, re-timed as the module says."""
    import pyarrow.parquet as parquet

    with _file(folder, "ibm_aml_hi_small/laundering_patterns.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = sorted({int(r["pattern_id"]) for r in rows})
    when = [datetime.strptime(r["timestamp"], "%Y/%m/%d %H:%M").replace(tzinfo=UTC).timestamp() for r in rows]
    attempts = Counter[str]()
    kinds, halves = [], []
    kind_of = {int(r["pattern_id"]): r["typology"] for r in rows}
    for name in names:
        kinds.append(kind_of[name])
        halves.append(attempts[kind_of[name]] % 2)
        attempts[kind_of[name]] += 1
    of_half = Counter(zip(kinds, halves, strict=True))
    before = Counter[tuple[str, int]]()
    places = []
    for part in zip(kinds, halves, strict=True):
        places.append(before[part] / of_half[part])
        before[part] += 1
    a_time = np.array(when, np.int64)
    a_pay = [tuple(key_of((r[f"{w}_bank"] + r[f"{w}_account"]).encode().hex()) for w in ("from", "to")) for r in rows]
    a_amount = [float(r["amount_paid"]) * DOLLARS[r["payment_currency"]] for r in rows]
    a_id = np.array([names.index(int(r["pattern_id"])) for r in rows])
    shown = [
        _largest_part([(p[0], p[1]) for p, i in zip(a_pay, a_id, strict=True) if i == k]) >= 3
        for k in range(len(names))
    ]

    with gzip.open(_file(folder, "address_labels/labels.csv.gz"), "rt") as labels:
        services = {r["address"].lower() for r in csv.DictReader(labels) if r["category"] in SERVICES}
    wanted = ["ts", "tx_hash", "from", "to", "token", "value_raw", "value", "ego", "ego_flag"]
    columns = parquet.read_table(_file(folder, f"eth_transfers_labelled/{licit}.parquet"), columns=wanted).to_pydict()
    once: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in zip(*(columns[name] for name in wanted), strict=True):
        if row[8] == 0:
            once.setdefault((row[1], row[2], row[3], row[4], row[5]), row)
    ordered = sorted(once.values(), key=lambda row: row[0])
    key = {name: key_of(name) for row in ordered for name in (row[2], row[3], row[7])}
    time = np.array([row[0] for row in ordered], np.int64)
    pay = np.array([[key[row[2]], key[row[3]]] for row in ordered], np.uint64)
    order = np.arange(time.size)
    if tempo:
        span = int(a_time.max() - a_time.min()) + 1
        stretch, offset = np.divmod(time - time.min(), span)
        pay ^= (stretch.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))[:, None]
        order = np.argsort(offset, kind="stable")
    shares, spread = np.linspace(0, 1, order.size), np.linspace(0, 1, a_time.size)
    warped = np.interp(shares, spread, np.sort(a_time)).astype(np.int64)

    everything = np.concatenate([warped, a_time])
    by_time = np.argsort(everything, kind="stable")
    pairs = np.concatenate([pay[order], np.array(a_pay, np.uint64)])[by_time]
    amount = np.concatenate([np.array([row[6] for row in ordered])[order], a_amount])[by_time]
    spared = np.array([row[2] in services or row[3] in services for row in ordered])[order]
    ego_half = np.array([key[row[7]] >> 17 & 1 for row in ordered])[order]
    ones = np.ones(by_time.size, np.uint64)
    return Mixture(
        Table(everything[by_time], pairs[:, 0], pairs[:, 1], ones, ones, amount, ones > 0),
        np.concatenate([np.full(order.size, -1), a_id])[by_time],
        np.concatenate([ego_half, np.array(halves)[a_id]])[by_time],
        np.concatenate([spared, np.zeros(a_id.size, np.bool_)])[by_time],
        tuple(kinds),
        np.array(shown),
        np.array(places),
    )
