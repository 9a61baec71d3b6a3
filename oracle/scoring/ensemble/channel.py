"""Channels: models that read the feature vector and say how suspicious it is."""

from dataclasses import dataclass
from typing import Protocol

from oracle.scoring.numbers import Floats


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a channel says of one payment: `rank` 0–1 among ordinary payments, and what its members say."""

    channel: str
    rank: float
    members: dict[str, float]


class Channel(Protocol):
    """A model behind the scaled feature vector, calibrated to ranks among held-out ordinary payments."""

    @property
    def name(self) -> str:
        """Name under which its rank stands in the evidence."""
        ...

    def opinion(self, x: Floats) -> Opinion:
        """The opinion on one scaled vector of shape (features,). Pure, and the same bits on every machine."""
        ...
