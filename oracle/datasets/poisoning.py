"""Payments that victims of address poisoning sent to look-alike addresses (shared set `address_poisoning`)."""

from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.datasets import cells
from oracle.datasets.cells import Coded
from oracle.datasets.folder import Origin, digest, locate
from oracle.datasets.tables import Batch, arrow, read
from oracle.errors import ConfigurationError

ORIGIN = Origin(
    "the public repository monteccarlos/ethereum-poisoning-detector (MIT), commit 2997267",
    "address_poisoning/ with payoff_transfers_ethereum.csv and payoff_transfers_bsc.csv",
)
CHAINS = ("ethereum", "bsc")
COLUMNS = (
    "block_number",
    "tx_hash",
    "addr",
    "topics_from_addr",
    "topics_to_addr",
    "value",
    "value_usd",
    "num_first_matched_digits",
    "num_last_matched_digits",
    "intended_addr",
)


@dataclass(frozen=True, slots=True)
class Payoffs:
    """P losses in the order of blocks; arrays and tuples have length P.

    `victim` paid `look_alike` and meant `intended`, all lower-case addresses; `token` is a contract. `block` is the
    only time that the set knows. `units`: base units of the token, as exact as the file's own "2.79e+23". `usd`: the
    worth at that time in dollars, NaN where the file gives none. `leading` and `trailing`: hexadecimal digits that
    look-alike and intended address share, as the file counts them.
    """

    chain: str
    source: str
    """SHA-256 of the file."""
    block: NDArray[np.int64]
    tx: tuple[str, ...]
    token: tuple[str, ...]
    victim: tuple[str, ...]
    look_alike: tuple[str, ...]
    intended: tuple[str, ...]
    units: tuple[int, ...]
    usd: NDArray[np.float64]
    leading: NDArray[np.int64]
    trailing: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.block.size)


def load_payoffs(path: Path, chain: str = "ethereum") -> Payoffs:
    """1,225 losses on "ethereum" or 3,473 on "bsc" in the shared set. `path`: the folder, or a file of that chain.

    Raises DataMissing, DataInvalid, ToolMissing, and ConfigurationError for another chain.
    """
    if chain not in CHAINS:
        raise ConfigurationError(f"There are no payoffs of {chain!r}. Choose one of {', '.join(CHAINS)}.")
    file = locate(path, (f"payoff_transfers_{chain}.csv",), ORIGIN)
    parts = [_part(batch) for batch in read(file, COLUMNS)]
    block, leading, trailing, usd = (np.concatenate([numbers[place] for numbers, _, _ in parts]) for place in range(4))
    order = np.argsort(block, kind="stable")
    tx, token, victim, look_alike, intended = (
        _ordered([name for _, columns, _ in parts for name in columns[place].each()], order) for place in range(5)
    )
    units = [amount for _, _, amounts in parts for amount in amounts]
    return Payoffs(
        chain=chain,
        source=digest([file]),
        block=block[order].astype(np.int64),
        tx=tx,
        token=token,
        victim=victim,
        look_alike=look_alike,
        intended=intended,
        units=tuple(units[row] for row in order.tolist()),
        usd=usd[order].astype(np.float64),
        leading=leading[order].astype(np.int64),
        trailing=trailing[order].astype(np.int64),
    )


def _part(
    batch: Batch,
) -> tuple[tuple[NDArray[np.int64] | NDArray[np.float64], ...], tuple[Coded, ...], list[int]]:
    """Numbers, names and amounts of a batch."""
    amount = cells.decimals(batch, "value")
    cells.demand(batch, "value", amount.places == 0, "is no whole number of base units")
    return (
        (
            cells.integers(batch, "block_number"),
            cells.integers(batch, "num_first_matched_digits", 0, 40),
            cells.integers(batch, "num_last_matched_digits", 0, 40),
            _dollars(batch),
        ),
        (
            cells.hashes(batch, "tx_hash"),
            *(cells.addresses(batch, name) for name in ("addr", "topics_from_addr", "topics_to_addr", "intended_addr")),
        ),
        [int(mantissa) for mantissa in amount.mantissa.tolist()],
    )


def _dollars(batch: Batch) -> NDArray[np.float64]:
    compute = arrow().compute
    array = cells.texts(batch, "value_usd").fill_null("")
    number = compute.match_substring_regex(array, "^([0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?)?$")
    cells.demand(batch, "value_usd", number, "is no amount of dollars from 0 on")
    values = np.array([float(text) if text else nan for text in array.to_pylist()], np.float64)
    finite = np.array([isfinite(one) or text == "" for one, text in zip(values, array.to_pylist(), strict=True)])
    cells.demand(batch, "value_usd", finite, "is no amount of dollars from 0 on")
    return values


def _ordered(names: list[str], order: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(names[row] for row in order.tolist())
