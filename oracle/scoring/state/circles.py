"""Whom each wallet dealt with last, as rows of numbers that compiled code can walk along."""

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.compiled import compiled

FANOUT = 12
"""Counterparties, per direction, that a walk through the graph follows: those dealt with last."""
NOBODY = -1
_FEWEST = 1 << 10


class Circles:
    """A row a wallet: the last `FANOUT` whom it paid, then the last `FANOUT` who paid it, with numbers of payments.

    An address has a number while its wallet is known or stands in somebody's row. After that the number goes to the
    next one, so that memory is bounded by the wallets that are known: 220 bytes a row.

    Callers read, with n addresses: `others` and `counts` (n, 2 * FANOUT), in both halves the latest first; `filled`
    (n, 2), how many stand in each half; `partners` (n,), how many counterparties there ever were.
    """

    def __init__(self) -> None:
        self.others = np.zeros((0, 2 * FANOUT), np.int32)
        self.counts = np.zeros((0, 2 * FANOUT), np.int32)
        self.filled = np.zeros((0, 2), np.int8)
        self.partners = np.zeros(0, np.int64)
        self._mentions = np.zeros(0, np.int32)
        self._known = bytearray()
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._free: list[int] = []

    def number(self, address: str) -> int:
        """The row of an address; `NOBODY` where it has none."""
        return self._numbers.get(address, NOBODY)

    def found(self, address: str) -> None:
        """Its wallet is known from now on."""
        self._known[self._numbered(address)] = True

    def paid(self, sender: str, recipient: str, payments: int, partners: tuple[int, int]) -> None:
        """One known wallet paid another, for the `payments`-th time. `partners`: counterparties that each ever had."""
        s, r = self._numbers[sender], self._numbers[recipient]
        self.partners[s], self.partners[r] = partners
        for half, row, other in ((0, s, r), (1, r, s)):
            gone = _put(self.others, self.counts, self.filled, self._mentions, row, half, other, payments)
            if gone != NOBODY:
                self._drop(gone)

    def forget(self, address: str) -> None:
        """The wallet is not known any more; it may stand in others' rows."""
        number = self._numbers[address]
        self._known[number] = False
        self.partners[number] = 0
        for half, filled in enumerate(self.filled[number].tolist()):
            for other in self.others[number, half * FANOUT : half * FANOUT + filled].tolist():
                self._mentions[other] -= 1
                if other != number:
                    self._drop(other)
        self.filled[number] = 0
        self._drop(number)

    def _numbered(self, address: str) -> int:
        number = self._numbers.get(address)
        if number is None:
            if not self._free:
                self._grow()
            number = self._numbers[address] = self._free.pop()
            self._names[number] = address
        return number

    def _drop(self, number: int) -> None:
        if not self._known[number] and not self._mentions[number] and self._names[number]:
            del self._numbers[self._names[number]]
            self._names[number] = ""
            self._free.append(number)

    def _grow(self) -> None:
        rows = len(self._names)
        more = max(_FEWEST, rows)
        for name in ("others", "counts", "filled", "partners", "_mentions"):
            array = getattr(self, name)
            setattr(self, name, np.concatenate([array, np.zeros((more, *array.shape[1:]), array.dtype)]))
        self._known.extend(bytes(more))
        self._names.extend([""] * more)
        self._free.extend(reversed(range(rows, rows + more)))


@compiled
def _put(
    others: NDArray[np.int32],
    counts: NDArray[np.int32],
    filled: NDArray[np.int8],
    mentions: NDArray[np.int32],
    row: int,
    half: int,
    other: int,
    payments: int,
) -> int:
    """`other` to the front of a half row. Returns who fell off its end, or -1."""
    width = others.shape[1] // 2
    start, end = half * width, half * width + filled[row, half]
    place = start
    while place < end and others[row, place] != other:
        place += 1
    gone = -1
    if place == end:
        mentions[other] += 1
        if place == start + width:
            place -= 1
            gone = others[row, place]
            mentions[gone] -= 1
        else:
            filled[row, half] += 1
    for at in range(place, start, -1):
        others[row, at] = others[row, at - 1]
        counts[row, at] = counts[row, at - 1]
    others[row, start] = other
    counts[row, start] = payments
    return gone
