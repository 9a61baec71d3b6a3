"""Gathers batches of rows and makes Transfers of them: names numbered, amounts in base units, rows in order of time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.cells import INT64_END, Amounts, Coded
from oracle.datasets.folder import digest
from oracle.datasets.tables import refuse_file
from oracle.datasets.transfers import UNLABELLED, Token, Transfers
from oracle.errors import DataInvalid

NAMELESS = Coded(np.zeros(0, np.int64), [])
"""For a column that the data set does not have."""


class Names:
    """Numbers for names, batch by batch."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def codes(self, column: Coded) -> NDArray[np.int64]:
        """The numbers of a column's names, shape (N,)."""
        known = self._known
        return np.array([known.setdefault(name, len(known)) for name in column.names], np.int64)[column.codes]

    def in_order(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """All names, sorted, so that no batch size shows, and the place of each number among them."""
        names = tuple(sorted(self._known))
        places = np.empty(len(names), np.int64)
        for place, name in enumerate(names):
            places[self._known[name]] = place
        return names, places


class Builder:
    """Rows of a data set while its files are read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parties, self._tokens, self._hashes, self._kinds = Names(), Names(), Names(), Names()
        self._parts: dict[str, list[NDArray[np.int64]]] = {}
        self._mantissas: list[NDArray[np.int64] | NDArray[np.object_]] = []
        self._spans: list[tuple[Path, int, int]] = []

    def add(
        self,
        *,
        path: Path,
        first: int,
        time: NDArray[np.int64],
        sender: Coded,
        recipient: Coded,
        token: Coded,
        amount: Amounts,
        tx: Coded = NAMELESS,
        label: NDArray[np.int8] | None = None,
        wallet: Coded = NAMELESS,
        kind: Coded = NAMELESS,
        rank: NDArray[np.int64] | None = None,
    ) -> None:
        """N rows of `path`, whose first is on line `first`. Amounts in tokens, or in base units if `finish` is told so;
        `rank`: order of rows of the same second. Names "" of `kind` and `wallet` stand for none."""
        size = time.size
        nothing = np.full(size, -1, np.int64)
        columns = {
            "time": time,
            "rank": np.zeros(size, np.int64) if rank is None else rank,
            "sender": self._parties.codes(sender),
            "recipient": self._parties.codes(recipient),
            "token": self._tokens.codes(token),
            "places": amount.places,
            "tx": self._hashes.codes(Coded(np.zeros(size, np.int64), [""]) if tx is NAMELESS else tx),
            "label": np.full(size, UNLABELLED, np.int64) if label is None else label.astype(np.int64),
            "wallet": nothing if wallet is NAMELESS else _some(self._parties, wallet),
            "kind": nothing if kind is NAMELESS else _some(self._kinds, kind),
        }
        for key, values in columns.items():
            self._parts.setdefault(key, []).append(values)
        self._mantissas.append(amount.mantissa)
        self._spans.append((path, first, size))

    def finish(
        self,
        files: Sequence[Path],
        tokens: Mapping[str, Token],
        *,
        ordered: str | None = None,
        base_units: bool = False,
    ) -> Transfers:
        """The transfers, in the order of time, then `rank`, then the files' own.

        `files`: all that were read. `tokens`: by the name that rows gave. `ordered`: the column whose order the format
        promises, so that a row out of it is refused; None sorts, and turns round a file that has its newest row first.
        `base_units`: amounts are base units already; else a token whose amounts have more decimal places than it
        declares gets that many. Raises DataInvalid.
        """
        rows = {key: np.concatenate(parts) for key, parts in self._parts.items()}
        names, token_places = self._tokens.in_order()
        rows["token"] = token_places[rows["token"]]
        declared = [tokens[name] for name in names]
        order = self._order(rows["time"], rows["rank"], ordered)
        if not base_units:
            declared = _widened(declared, rows["token"], rows["places"])
        scale = np.array([token.decimals for token in declared], np.int64)[rows["token"]] - rows["places"]
        units = _joined(self._mantissas) if base_units else _scaled(_joined(self._mantissas), scale)
        parties, party_places = self._parties.in_order()
        transactions, tx_places = self._hashes.in_order()
        kinds, kind_places = self._kinds.in_order()
        wallet = np.append(party_places, -1)[rows["wallet"]]
        kind = np.append(kind_places, -1)[rows["kind"]]
        return Transfers(
            name=self._name,
            source=digest(files),
            time=rows["time"][order],
            sender=party_places[rows["sender"]][order],
            recipient=party_places[rows["recipient"]][order],
            token=rows["token"][order],
            tx=tx_places[rows["tx"]][order],
            units=units.astype(np.object_)[order],
            label=rows["label"].astype(np.int8)[order],
            wallet=wallet[order],
            kind=kind[order],
            parties=parties,
            tokens=tuple(declared),
            transactions=transactions,
            kinds=kinds,
        )

    def _order(self, time: NDArray[np.int64], rank: NDArray[np.int64], ordered: str | None) -> NDArray[np.int64]:
        steps = np.diff(time)
        if ordered is None:
            row = np.arange(time.size, dtype=np.int64)
            newest_first = bool(steps.size) and bool((steps <= 0).all()) and bool((steps < 0).any())
            return np.lexsort((-row if newest_first else row, rank, time)).astype(np.int64)
        if (steps < 0).any():
            path, line = self._place(int(np.argmax(steps < 0)) + 1)
            raise DataInvalid(
                path=path,
                row=line,
                column=ordered,
                value=None,
                problem="this row is older than the one before it, and the format is in the order of time",
                remedy="Sort the file by time, keeping rows of the same time as they stand, or get it again.",
            )
        return np.arange(time.size, dtype=np.int64)

    def _place(self, row: int) -> tuple[Path, int]:
        for path, first, size in self._spans:
            if row < size:
                return path, first + row
            row -= size
        raise IndexError(row)


def one_name(name: str, size: int) -> Coded:
    """A column that says the same in every row."""
    return Coded(np.zeros(size, np.int64), [name])


def only_label(path: Path, transfers: Transfers) -> Transfers:
    """The same transfers, if no wallet has two labels. Raises DataInvalid."""
    rows = transfers.wallet >= 0
    lowest = np.full(len(transfers.parties), 2, np.int8)
    highest = np.full(len(transfers.parties), -1, np.int8)
    np.minimum.at(lowest, transfers.wallet[rows], transfers.label[rows])
    np.maximum.at(highest, transfers.wallet[rows], transfers.label[rows])
    split = np.flatnonzero(lowest < highest)
    if split.size:
        refuse_file(path, f"gives {transfers.parties[int(split[0])]} two labels")
    return transfers


def _some(names: Names, column: Coded) -> NDArray[np.int64]:
    """Codes, -1 where the name is ""."""
    if "" not in column.names:
        return names.codes(column)
    kept = np.array([name != "" for name in column.names], np.bool_)
    renumbered = np.cumsum(kept) - 1
    codes = np.full(column.codes.size, -1, np.int64)
    rows = kept[column.codes]
    codes[rows] = names.codes(Coded(renumbered[column.codes[rows]], [name for name in column.names if name]))
    return codes


def _joined(parts: Sequence[NDArray[np.int64] | NDArray[np.object_]]) -> NDArray[np.int64] | NDArray[np.object_]:
    if all(part.dtype == np.int64 for part in parts):
        small: NDArray[np.int64] = np.concatenate(parts).astype(np.int64)
        return small
    return np.concatenate([part.astype(np.object_) for part in parts])


def _scaled(
    mantissa: NDArray[np.int64] | NDArray[np.object_], scale: NDArray[np.int64]
) -> NDArray[np.int64] | NDArray[np.object_]:
    """mantissa x 10^scale, exactly."""
    highest = max(1, int(mantissa.max(initial=0))) * 10 ** int(scale.max(initial=0))
    if highest < INT64_END:
        small: NDArray[np.int64] = mantissa.astype(np.int64) * np.array([10**power for power in range(19)])[scale]
        return small
    powers = np.empty(int(scale.max()) + 1, np.object_)
    powers[:] = [10**power for power in range(powers.size)]
    exact: NDArray[np.object_] = mantissa.astype(np.object_) * powers[scale]
    return exact


def _widened(tokens: Sequence[Token], token: NDArray[np.int64], places: NDArray[np.int64]) -> list[Token]:
    finest = np.zeros(len(tokens), np.int64)
    np.maximum.at(finest, token, places)
    return [
        Token(one.address, one.symbol, max(one.decimals, int(most)), one.stable)
        for one, most in zip(tokens, finest, strict=True)
    ]
