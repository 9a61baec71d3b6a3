"""How rare a score is among a deployment's own payments: a rank that cannot cry wolf, whatever was learned elsewhere.

Conformal prediction with the payments seen before as calibration (Vovk, Gammerman, Shafer 2005): p = (1 + number of
them that score as high) / (1 + their number). While payments are exchangeable, p <= a for at most a share a of them. A
model trained on one population and used on another keeps that bound; it loses power only.
"""

from collections import deque

WINDOW = 10_000
"""Payments that a score is held against: the last ones."""
LEAST = 200
"""Before that many there is no rank."""
_SCORES = 101


class LocalRank:
    """Counts of the last scores, integers 0 to 100. O(1) to add, O(100) to ask."""

    def __init__(self) -> None:
        self._last: deque[int] = deque()
        self._counts = [0] * _SCORES

    def __call__(self, score: int) -> float:
        """1 - p for one more payment with this score; 0 before `LEAST` payments."""
        seen = len(self._last)
        if seen < LEAST:
            return 0.0
        return 1.0 - (1 + sum(self._counts[score:])) / (1 + seen)

    def add(self, score: int) -> None:
        """Remember a payment's score."""
        self._last.append(score)
        self._counts[score] += 1
        if len(self._last) > WINDOW:
            self._counts[self._last.popleft()] -= 1
