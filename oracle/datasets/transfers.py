"""What every loader gives: token transfers in the order in which they happened, column by column, amounts exact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNLABELLED = -1


@dataclass(frozen=True, slots=True)
class Token:
    """A currency of a data set. `address` is a contract's, lower case, or a name where there is none; `stable`: one
    token is worth about a dollar."""

    address: str
    symbol: str
    decimals: int
    stable: bool


@dataclass(frozen=True, slots=True)
class Transfers:
    """N transfers, A parties, T tokens; all arrays have shape (N,) and lie in the order of time.

    `time` in unix seconds (or the data set's own steps, converted by the loader, which says how). `sender` and
    `recipient` are places in `parties` (addresses in lower case, or account numbers as the data set writes them),
    `token` in `tokens`, `tx` in `transactions` ("" where the set knows none). `units` holds Python integers: base units
    of the token. `label`: 1 fraud, 0 not, -1 unknown. `wallet`: the party whose label that is and whose history the row
    belongs to, -1 where rows are labelled themselves. `kind`: place in `kinds`, the typology or alert that a row
    belongs to, -1 where none is named.
    """

    name: str
    source: str
    """SHA-256 over the bytes of the files that were read, as 64 hexadecimal digits."""
    time: NDArray[np.int64]
    sender: NDArray[np.int64]
    recipient: NDArray[np.int64]
    token: NDArray[np.int64]
    tx: NDArray[np.int64]
    units: NDArray[np.object_]
    label: NDArray[np.int8]
    wallet: NDArray[np.int64]
    kind: NDArray[np.int64]
    parties: tuple[str, ...]
    tokens: tuple[Token, ...]
    transactions: tuple[str, ...]
    kinds: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.time.size)

    def amounts(self) -> NDArray[np.float64]:
        """Amounts in tokens, shape (N,): the nearest double of units / 10^decimals."""
        scale = [10**token.decimals for token in self.tokens]
        return np.array(
            [int(units) / scale[token] for units, token in zip(self.units, self.token.tolist(), strict=True)],
            np.float64,
        )

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Transfers":
        """Some of the rows, in their order; parties, tokens and the source stay."""
        return Transfers(
            self.name,
            self.source,
            self.time[rows],
            self.sender[rows],
            self.recipient[rows],
            self.token[rows],
            self.tx[rows],
            self.units[rows],
            self.label[rows],
            self.wallet[rows],
            self.kind[rows],
            self.parties,
            self.tokens,
            self.transactions,
            self.kinds,
        )
