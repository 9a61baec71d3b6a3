"""Mainnet ERC-20 transfers of 2017-2022 around wallets that are known to be reported or not (shared set
`eth_transfers_labelled`)."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.datasets import cells
from oracle.datasets.build import Builder, only_label
from oracle.datasets.folder import Origin, locate
from oracle.datasets.stablecoins import STABLECOINS
from oracle.datasets.tables import Batch, read, refuse_file
from oracle.datasets.transfers import Token, Transfers

ORIGIN = Origin(
    "the public repository eltontay/Ethereum-Fraud-Detection (MIT), commit cf786e9",
    "eth_transfers_labelled/ with erc20_transfers.parquet, stablecoin_transfers.parquet and account_labels.csv",
)
COLUMNS = ("ts", "tx_hash", "from", "to", "token", "symbol", "decimals", "value_raw", "ego", "ego_flag")
ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
MOST_DECIMALS = 255
"""ERC-20 has decimals as uint8."""


@dataclass(frozen=True, slots=True)
class AccountLabels:
    """A wallets in the file's order: lower-case addresses; `label` of shape (A,), 1 reported and 0 not; who says so.

    `strangers`: entries of the file that are no addresses, left out of the above.
    """

    addresses: tuple[str, ...]
    label: NDArray[np.int8]
    sources: tuple[str, ...]
    strangers: tuple[str, ...]


def load_labelled(path: Path) -> Transfers:
    """All tokens: 246,701 rows in the shared set. `path`: the folder, or a Parquet or CSV file with these columns.

    `label` is that of `wallet` (`ego`): that a wallet was reported does not make each of its transfers a fraud. A
    transfer between two known wallets stands in the histories of both: see `without_repeats`. Tokens that state no
    decimals have 0. Raises DataMissing, DataInvalid, ToolMissing.
    """
    return _load("labelled", locate(path, ("erc20_transfers.parquet",), ORIGIN))


def load_stablecoins(path: Path) -> Transfers:
    """As `load_labelled`, stablecoins only: 27,667 rows in the shared set, all of them in the larger file as well."""
    return _load("stablecoins", locate(path, ("stablecoin_transfers.parquet",), ORIGIN))


def load_account_labels(path: Path) -> AccountLabels:
    """The wallets and their labels: 9,802 entries in the shared set, two of which are no addresses.

    Raises DataMissing, DataInvalid, ToolMissing.
    """
    file = locate(path, ("account_labels.csv",), ORIGIN)
    entries: list[str] = []
    sources: list[str] = []
    labels: list[NDArray[np.int8]] = []
    for batch in read(file, ("address", "flag", "source")):
        entries += cells.names(batch, "address").each()
        sources += cells.names(batch, "source").each()
        labels.append(cells.flags(batch, "flag"))
    # The public list of reported wallets holds hashes of transactions as well.
    known = np.array([ADDRESS.fullmatch(one) is not None for one in entries], np.bool_)
    addresses = tuple(one.lower() for one, good in zip(entries, known, strict=True) if good)
    if repeated := [one for one, times in Counter(addresses).items() if times > 1]:
        refuse_file(file, f"lists {repeated[0]} twice", column="address")
    return AccountLabels(
        addresses,
        np.concatenate(labels)[known],
        tuple(one for one, good in zip(sources, known, strict=True) if good),
        tuple(one for one, good in zip(entries, known, strict=True) if not good),
    )


def _load(name: str, file: Path) -> Transfers:
    builder = Builder(name)
    tokens: dict[str, Token] = {}
    for batch in read(file, COLUMNS):
        token = cells.addresses(batch, "token")
        _declare(batch, token, tokens)
        builder.add(
            path=file,
            first=batch.first,
            time=cells.integers(batch, "ts"),
            sender=cells.addresses(batch, "from"),
            recipient=cells.addresses(batch, "to"),
            token=token,
            amount=cells.base_units(batch, "value_raw"),
            tx=cells.hashes(batch, "tx_hash"),
            label=cells.flags(batch, "ego_flag"),
            wallet=cells.addresses(batch, "ego"),
        )
    return only_label(file, builder.finish([file], tokens, ordered="ts", base_units=True))


def _declare(batch: Batch, token: cells.Coded, tokens: dict[str, Token]) -> None:
    """Learn the tokens of a batch; each must state the same decimals in every row."""
    symbols = cells.names(batch, "symbol", empty=True)
    decimals = cells.integers(batch, "decimals", 0, MOST_DECIMALS, missing=0)
    for code, row in enumerate(np.unique(token.codes, return_index=True)[1].tolist()):
        address = token.names[code]
        if address not in tokens:
            symbol = symbols.names[int(symbols.codes[row])]
            tokens[address] = Token(address, symbol, int(decimals[row]), address in STABLECOINS)
    known = np.array([tokens[name].decimals for name in token.names], np.int64)
    problem, remedy = "is not what this token stated before", "Give each token one number of decimals."
    cells.demand(batch, "decimals", known[token.codes] == decimals, problem, remedy)
