"""A script of real stablecoin transfers: whole histories of labelled wallets, in true order and at true times."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oracle.datasets import Transfers, load
from oracle.demo.script import Act, Script, reference

PER_WALLET = 100
"""Transfers that one wallet contributes at most, so that no single one decides the figures."""
REPORTED, OTHER = "transfers of wallets reported for scam or phishing", "transfers of other wallets"
NULL = "0x" + "00" * 20
MICRO = 6


@dataclass(frozen=True, slots=True)
class Replay:
    """The script, and what of the data is not in it."""

    script: Script
    wallets: int
    repeated: int
    unusable: int


def real_script(transfers: int) -> Replay:
    """At least `transfers` real transfers, wallet by wallet, reported and others in turn.

    Raises DataMissing, DataInvalid, ToolMissing.
    """
    data = load("stablecoins")
    repeated = unusable = wallets = 0
    seen: set[tuple[int, ...]] = set()
    chosen: list[int] = []
    for history in _in_turn(data):
        if len(chosen) >= transfers:
            break
        wallets += 1
        for row in history[:PER_WALLET].tolist():
            key = (
                *(int(column[row]) for column in (data.tx, data.sender, data.recipient, data.token)),
                data.units[row],
            )
            if key in seen:
                repeated += 1
            elif not _usable(data, row):
                unusable += 1
            else:
                seen.add(key)
                chosen.append(row)
    # The data set is in the order of the chain.
    acts = tuple(_act(index, data, row) for index, row in enumerate(sorted(chosen)))
    return Replay(Script(acts, ()), wallets, repeated, unusable)


def _in_turn(data: Transfers) -> Iterator[NDArray[np.int64]]:
    """Rows of reported and other wallets alternately, in an order that has nothing to do with either."""
    sides = []
    for label in (1, 0):
        wallets = np.unique(data.wallet[data.label == label]).tolist()
        sides.append(sorted(wallets, key=lambda wallet: _shuffled(data.parties[wallet])))
    for pair in zip(*sides, strict=False):
        for wallet in pair:
            yield np.flatnonzero(data.wallet == wallet).astype(np.int64)


def _shuffled(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _usable(data: Transfers, row: int) -> bool:
    """The core pays nobody nothing, nobody themselves, and no null address."""
    sender, recipient = int(data.sender[row]), int(data.recipient[row])
    parties = data.parties[sender], data.parties[recipient]
    return NULL not in parties and sender != recipient and 0 < _micro(data, row) < 2**96


def _micro(data: Transfers, row: int) -> int:
    """The amount in the test stablecoin's base units, rounded down."""
    return int(data.units[row]) * int(10**MICRO) // int(10 ** data.tokens[data.token[row]].decimals)


def _act(index: int, data: Transfers, row: int) -> Act:
    flagged = bool(data.label[row] == 1)
    return Act(
        time=int(data.time[row]),
        sender=data.parties[data.sender[row]],
        recipient=data.parties[data.recipient[row]],
        amount=_micro(data, row),
        reference=reference("real", index),
        truth=REPORTED if flagged else OTHER,
        fraud=flagged,
    )
