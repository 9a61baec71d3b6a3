"""The supervised model alone as a judge: features by the compiled stream, scores in batches."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

import numpy as np

from oracle.backtest.judge import Record, first_cells
from oracle.backtest.source import Row
from oracle.scoring import stream as streams
from oracle.scoring.stream import Stream, Table, Transfer, key_of
from oracle.scoring.supervised import SupervisedModel

ROOM = 1 << 18
"""Wallets to remember, if nothing else is said: half a gigabyte."""
_KEYS = 1 << 17
"""Keys of so many addresses are remembered: making one takes longer than looking it up."""


class Side(StrEnum):
    """Whose past is looked at: the sender's, the recipient's, or that of the wallet that the label is about."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    WALLET = "wallet"


class StreamJudge:
    """`Stream.batch` and the model's trees. The state is of one size, however many rows are played."""

    chunk = 1_024  # its vectors stay in the processor's cache on their way to the trees
    columns: tuple[str, ...] = ("probability", "sentence")

    def __init__(
        self, model: SupervisedModel, side: Side = Side.SENDER, *, wallets: int = ROOM, pairs: int = 4 * ROOM
    ) -> None:
        """Room for about `wallets` wallets and `pairs` ordered pairs: what is silent longest is forgotten first."""
        self._model, self._side, self._room = model, side, (wallets, pairs)
        self._stream = Stream(wallets, pairs)
        self._key = lru_cache(_KEYS)(key_of)

    @property
    def identity(self) -> Mapping[str, str]:
        """The model's version, the side, and the room, because it decides what is forgotten."""
        wallets, pairs = self._room
        return {
            "judge": "supervised model alone",
            "model": self._model.version,
            "side": self._side.value,
            "room": f"{wallets} wallets, {pairs} pairs",
        }

    def play(self, rows: Sequence[Row], wanted: Sequence[bool]) -> list[Record]:
        """See `Judge`."""
        mask = np.array(wanted, np.bool_)
        pays = np.array([self._pays(row) for row in rows], np.bool_)
        table = Table.of([transfer_of(row, self._key) for row in rows])
        vectors = self._stream.batch(table, pays, mask)
        if not len(vectors):
            return []
        raws = self._model.trees.raw_batch(vectors)
        chosen = (row for row, wants in zip(rows, wanted, strict=True) if wants)
        return [
            _record(row, score, probability)
            for row, score, probability in zip(
                chosen, self._model.rank.batch(raws).tolist(), self._model.probability.batch(raws).tolist(), strict=True
            )
        ]

    def _pays(self, row: Row) -> bool:
        return row.pays if self._side is Side.WALLET else self._side is Side.SENDER


def transfer_of(row: Row, key: Callable[[str], int] = key_of) -> Transfer:
    """A row as a node gives it to the stream. `key`: `key_of`, or a memory of it."""
    return streams.transfer_of(row.payment, 0, key=key)


def _record(row: Row, score: int, probability: float) -> Record:
    said = f"{probability:.6f}"
    return (*first_cells(row, score, ""), said, f"The supervised model alone says probability {said}, score {score}.")
