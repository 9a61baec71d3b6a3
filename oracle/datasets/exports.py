"""ERC-20 transfers as block explorers and extractors export them: Etherscan, BigQuery's public tables, ethereum-etl."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from oracle.datasets import cells
from oracle.datasets.build import Builder
from oracle.datasets.folder import Origin, locate_all
from oracle.datasets.stablecoins import STABLECOINS
from oracle.datasets.tables import Batch, header, read, require
from oracle.datasets.transfers import Token, Transfers
from oracle.errors import DataInvalid

ORIGIN = Origin(
    "an export of your own: Etherscan's, BigQuery's table crypto_ethereum.token_transfers, or ethereum-etl's",
    "transfers/ with token_transfers*.parquet, token_transfers*.csv or export*.csv, and, where the transfers lack them,"
    " tokens.csv (address, symbol, decimals) and blocks.csv (number, timestamp)",
)
FILES = ("token_transfers*.parquet", "token_transfers*.csv", "token_transfers*.csv.gz", "export*.csv")
EXTRACTED = ("token_address", "from_address", "to_address", "value", "transaction_hash", "log_index", "block_number")
EXPLORED = ("UnixTimestamp", "From", "To", "ContractAddress", "TokenSymbol")
HASHES, VALUES = ("Transaction Hash", "Txhash"), ("TokenValue", "Value")
"""What Etherscan called these columns over the years, newest first."""
LOG_BITS = 24
BLOCKS_END = 1 << 38
MOST_DECIMALS = 255


@dataclass(frozen=True, slots=True)
class _Beside:
    """What lies beside the transfers: the files, tokens by address, and the times of blocks in the order of numbers."""

    files: tuple[Path, ...]
    tokens: Mapping[str, Token]
    blocks: NDArray[np.int64]
    times: NDArray[np.int64]


def load_transfers(path: Path) -> Transfers:
    """Transfers without labels. `path`: a folder, whose files of the first kind in `FILES` are all read, or one file.

    The format is known by its columns: Etherscan's (amounts in tokens; explorers of the same make export alike) or that
    of BigQuery and ethereum-etl (amounts in base units; rows of a second in the order of block and log). Rows are
    brought into the order of time. A token's decimals come from `tokens.csv` or from the known stablecoins; in
    Etherscan's format a token that neither names gets as many as its amounts need. Raises DataMissing, DataInvalid,
    ToolMissing.
    """
    files = locate_all(path, FILES, ORIGIN)
    explored = _is_explored(files[0])
    beside = _read_beside(files[0].parent, blocks=not explored)
    builder = Builder("transfers")
    tokens: dict[str, Token] = {}
    for file in files:
        if explored:
            _add_explored(builder, file, beside, tokens)
        else:
            _add_extracted(builder, file, beside, tokens)
    return builder.finish([*files, *beside.files], tokens, base_units=not explored)


def _is_explored(path: Path) -> bool:
    present = header(path)
    if "UnixTimestamp" not in present and "token_address" not in present:
        _refuse(path, f"has neither Etherscan's columns nor ethereum-etl's, but {', '.join(present)}", 1, None)
    return "UnixTimestamp" in present


def _add_explored(builder: Builder, path: Path, beside: _Beside, tokens: dict[str, Token]) -> None:
    present = header(path)
    tx, value = (_present(path, choices, present) for choices in (HASHES, VALUES))
    for batch in read(path, (tx, value, *EXPLORED)):
        token = cells.addresses(batch, "ContractAddress")
        symbol = cells.names(batch, "TokenSymbol", empty=True)
        for code, row in enumerate(np.unique(token.codes, return_index=True)[1].tolist()):
            address = token.names[code]
            unknown = Token(address, symbol.names[int(symbol.codes[row])], 0, False)
            tokens.setdefault(address, beside.tokens.get(address, unknown))
        builder.add(
            path=path,
            first=batch.first,
            time=cells.integers(batch, "UnixTimestamp"),
            sender=cells.addresses(batch, "From"),
            recipient=cells.addresses(batch, "To"),
            token=token,
            amount=cells.decimals(batch, value),
            tx=cells.hashes(batch, tx),
        )


def _add_extracted(builder: Builder, path: Path, beside: _Beside, tokens: dict[str, Token]) -> None:
    dated = "block_timestamp" in header(path)
    if not dated and not beside.blocks.size:
        _refuse(
            path,
            "is missing, and there is no blocks.csv beside the file",
            1,
            "block_timestamp",
            "Export blocks.csv (number, timestamp) of the same blocks, or the column with the transfers.",
        )
    for batch in read(path, (*EXTRACTED, "block_timestamp") if dated else EXTRACTED):
        token = cells.addresses(batch, "token_address")
        known = np.array([address in beside.tokens for address in token.names], np.bool_)[token.codes]
        remedy = "Put tokens.csv (address, symbol, decimals) of the exported tokens beside the file."
        cells.demand(batch, "token_address", known, "is a token whose decimals nothing states", remedy)
        tokens.update({address: beside.tokens[address] for address in token.names})
        block = cells.integers(batch, "block_number", 0, BLOCKS_END)
        builder.add(
            path=path,
            first=batch.first,
            time=cells.timestamps(batch, "block_timestamp") if dated else _times(batch, block, beside),
            sender=cells.addresses(batch, "from_address"),
            recipient=cells.addresses(batch, "to_address"),
            token=token,
            amount=cells.base_units(batch, "value"),
            tx=cells.hashes(batch, "transaction_hash"),
            rank=(block << LOG_BITS) + cells.integers(batch, "log_index", 0, (1 << LOG_BITS) - 1),
        )


def _times(batch: Batch, block: NDArray[np.int64], beside: _Beside) -> NDArray[np.int64]:
    place = np.minimum(np.searchsorted(beside.blocks, block), beside.blocks.size - 1)
    cells.demand(batch, "block_number", beside.blocks[place] == block, "is not in blocks.csv")
    return beside.times[place]


def _read_beside(folder: Path, *, blocks: bool) -> _Beside:
    """tokens.csv, and blocks.csv if wanted, as far as they exist."""
    files: list[Path] = []
    tokens = dict(STABLECOINS)
    numbers: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    times: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    if (listed := folder / "tokens.csv").is_file():
        files.append(listed)
        for batch in read(listed, ("address", "symbol", "decimals")):
            symbols = cells.names(batch, "symbol", empty=True).each()
            decimals = cells.integers(batch, "decimals", 0, MOST_DECIMALS, missing=0).tolist()
            for address, symbol, places in zip(
                cells.addresses(batch, "address").each(), symbols, decimals, strict=True
            ):
                tokens[address] = Token(address, symbol, places, address in STABLECOINS)
    if blocks and (dated := folder / "blocks.csv").is_file():
        files.append(dated)
        for batch in read(dated, ("number", "timestamp")):
            numbers.append(cells.integers(batch, "number", 0, BLOCKS_END))
            times.append(cells.timestamps(batch, "timestamp"))
    number, time = np.concatenate(numbers), np.concatenate(times)
    order = np.argsort(number, kind="stable")
    return _Beside(tuple(files), tokens, number[order], time[order])


def _present(path: Path, choices: Sequence[str], present: Sequence[str]) -> str:
    for name in choices:
        if name in present:
            return name
    require(path, choices[:1], present)
    raise AssertionError(choices)


def _refuse(
    path: Path,
    problem: str,
    row: int | None,
    column: str | None,
    remedy: str = "Give the file the columns that docs/data.md lists for exports.",
) -> NoReturn:
    raise DataInvalid(path=path, row=row, column=column, value=None, problem=problem, remedy=remedy)
