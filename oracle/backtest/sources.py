"""Sources off chain: the registry's data sets, files that are streamed, and the simulator."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.backtest.source import Row, address_of, id_of, kept
from oracle.datasets import UNLABELLED, Transfers, cells, tables, without_repeats
from oracle.datasets.folder import digest
from oracle.errors import ConfigurationError, DataInvalid
from oracle.scoring import Payment
from oracle.scoring.simulator import simulate

COLUMNS = ("time", "sender", "recipient", "token", "amount", "decimals")
OPTIONAL = ("id", "tx", "block", "label", "kind")
"""The columns of a streamed file. Amounts in base units, times in unix seconds and never falling."""
_SLICE = 1 << 16


class TransfersSource:
    """A data set of the registry, repeats left out. Its columns lie in memory, about 100 bytes a transfer."""

    def __init__(self, transfers: Transfers) -> None:
        distinct = without_repeats(transfers)
        self._transfers = distinct.transfers
        self._repeats = distinct.left_out
        self._left_out: Counter[str] = Counter()

    @property
    def identity(self) -> Mapping[str, str]:
        """The set's name and its files' hash."""
        return {"data": self._transfers.name, "source": "sha256:" + self._transfers.source}

    @property
    def size(self) -> int | None:
        """Rows without repeats."""
        return len(self._transfers)

    @property
    def left_out(self) -> Mapping[str, int]:
        """By reason; repeats count at once."""
        repeats = {"repeats of a row (the same transfer from its other side)": self._repeats} if self._repeats else {}
        return {**repeats, **self._left_out}

    def rows(self) -> Iterator[Row]:
        """See `Source`."""
        self._left_out = Counter()
        return kept(self._all(), self._left_out)

    def _all(self) -> Iterator[Row]:
        data = self._transfers
        space = f"{data.name}:{data.source}"
        tokens = [address_of(space, token.address) for token in data.tokens]
        for start in range(0, len(data), _SLICE):
            cut = slice(start, start + _SLICE)
            columns = (data.time, data.sender, data.recipient, data.token, data.tx, data.units)
            labels = (data.label, data.wallet, data.kind)
            lists = (_list(column[cut]) for column in (*columns, *labels))
            for number, (time, sender, recipient, token, tx, units, label, wallet, kind) in enumerate(
                zip(*lists, strict=True), start
            ):
                yield Row(
                    number,
                    Payment(
                        payment_id=id_of(space, number),
                        sender=address_of(space, data.parties[sender]),
                        recipient=address_of(space, data.parties[recipient]),
                        token=tokens[token],
                        amount=units,
                        decimals=data.tokens[token].decimals,
                        timestamp=time,
                        tx=data.transactions[tx],
                    ),
                    label,
                    data.kinds[kind] if kind >= 0 else "",
                    wallet in (sender, -1),
                )


class FileSource:
    """A CSV or Parquet file of payments, read in batches: memory does not depend on the number of its rows."""

    def __init__(self, path: Path) -> None:
        """`path`: a file with `COLUMNS` and any of `OPTIONAL`. Raises DataInvalid, ToolMissing."""
        self._path = path
        present = tables.header(path)
        self._columns = (*COLUMNS, *(name for name in OPTIONAL if name in present))
        tables.require(path, self._columns, present)
        self._hash = digest([path])
        self._left_out: Counter[str] = Counter()

    @property
    def identity(self) -> Mapping[str, str]:
        """The file's hash."""
        return {"data": "payments", "source": "sha256:" + self._hash}

    @property
    def size(self) -> int | None:
        """Unknown before the end."""
        return None

    @property
    def left_out(self) -> Mapping[str, int]:
        """By reason."""
        return dict(self._left_out)

    def rows(self) -> Iterator[Row]:
        """See `Source`. Raises DataInvalid."""
        self._left_out = Counter()
        return kept(self._all(), self._left_out)

    def _all(self) -> Iterator[Row]:
        number, latest = 0, 0
        for batch in tables.read(self._path, self._columns):
            time = cells.integers(batch, "time", 0, (1 << 32) - 1)
            _refuse_falling(self._path, batch.first, time, latest)
            latest = int(time[-1])
            columns: list[Sequence[Any]] = [
                time.tolist(),
                *(cells.addresses(batch, name).each() for name in ("sender", "recipient", "token")),
                cells.base_units(batch, "amount").mantissa.tolist(),
                cells.integers(batch, "decimals", 0, 255).tolist(),
                *(self._optional(batch, name) for name in OPTIONAL),
            ]
            for time_, sender, recipient, token, amount, decimals, id_, tx, block, label, kind in zip(
                *columns, strict=True
            ):
                yield Row(
                    number,
                    Payment(
                        payment_id=id_ or id_of(self._hash, number),
                        sender=sender,
                        recipient=recipient,
                        token=token,
                        amount=amount,
                        decimals=decimals,
                        timestamp=time_,
                        block=block,
                        tx=tx,
                    ),
                    label,
                    kind,
                )
                number += 1

    def _optional(self, batch: tables.Batch, name: str) -> Sequence[Any]:
        numeric = {"block": (0, (1 << 38), 0), "label": (UNLABELLED, 1, UNLABELLED)}.get(name)
        if name not in self._columns:
            return [numeric[2] if numeric else ""] * len(batch)
        if numeric:
            low, high, missing = numeric
            return _list(cells.integers(batch, name, low, high, missing=missing))
        if name in ("id", "tx"):
            cells.matching(batch, name, "^(0x[0-9a-f]{1,64})?$", "is no 0x and lower-case hexadecimal digits")
        return cells.names(batch, name, empty=True).each()


class SimulatedSource:
    """The simulator's economy of one seed, whose drafts lie in memory."""

    def __init__(self, seed: int, payments: int) -> None:
        """Raises ConfigurationError for so few payments that the simulator's frauds alone are more."""
        try:
            next(simulate(seed, payments))
        except ValueError as too_few:
            raise ConfigurationError(
                f"{payments} simulated payments are too few ({too_few}): raise --payments."
            ) from None
        self._seed, self._payments = seed, payments

    @property
    def identity(self) -> Mapping[str, str]:
        """Seed and count."""
        return {"data": "simulated", "source": f"seed {self._seed}, {self._payments} payments"}

    @property
    def size(self) -> int | None:
        """As asked for."""
        return self._payments

    @property
    def left_out(self) -> Mapping[str, int]:
        """Nothing: the simulator pays as the core allows."""
        return {}

    def rows(self) -> Iterator[Row]:
        """See `Source`."""
        for number, one in enumerate(simulate(self._seed, self._payments)):
            yield Row(number, one.payment, int(bool(one.label)), "" if one.ordinary else one.story)


def _refuse_falling(path: Path, first: int, time: NDArray[np.int64], latest: int) -> None:
    falls = np.flatnonzero(np.diff(time, prepend=latest) < 0)
    if falls.size:
        raise DataInvalid(
            path=path,
            row=first + int(falls[0]),
            column="time",
            value=str(int(time[falls[0]])),
            problem="is before the row above, and a replay goes forward only",
            remedy="Sort the file by time, keeping rows of the same second as they happened.",
        )


def _list(column: NDArray[np.generic]) -> list[Any]:
    values: list[Any] = column.tolist()
    return values
