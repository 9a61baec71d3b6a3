"""An alarm when false positives exceed the rate that was promised: a bet against the promise that should not pay.

Null hypothesis: whatever happened before, the next observation x (1 for a licit wallet that alerted, 0 for one that did
not, or its share of rows that did) is at most `rate` on average. A bettor of one coin who stakes on "more" by the
fraction b multiplies it by 1 + b (x - rate), which under the null is no gain on average, so wealth is a non-negative
supermartingale and Ville's inequality (1939) says that it ever reaches 1 / delta with probability delta at most. For
all times at once, looked at after each observation, with no assumption of independence. See Waudby-Smith and Ramdas,
"Estimating means of bounded random variables by betting" (JRSS B 2024, arXiv 2010.09686), and Vovk, "Testing randomness
online" (2021).

The coin is divided. Over size of drift: a bettor each for 1.5 to 40 times the rate, with b = (q - rate) / (rate (1 -
rate)), the likelihood ratio of rate q against `rate` for observations 0 and 1. And over the time at which drift begins:
of the cash c(t) = 1 / log2(t + 2) that is left after t observations, c(t - 1) - c(t) joins the bets at each one. Money
that joined before the drift is mostly lost by then; what joins after it grows. Splitting one coin keeps the guarantee,
and the state is one number a bettor.

`rate` should be what the threshold can be held to. A conformal bound keeps alpha on average over calibration sets,
while one threshold may be somewhat worse for good, and a long stream would find that out, rightly: take
`Bound.rate_limit`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import log2

from oracle.evaluation.canonical import canonical, read

MULTIPLES = (1.5, 2.0, 3.0, 5.0, 10.0, 40.0)
"""Rates that are bet on, in multiples of the promised one; those above 0.9 are bet on as 0.9."""

HIGHEST_RATE = 0.6
"""Rates of an alarm lie below: above there is too little room for a bet on more."""
_HIGHEST = 0.9
_ENOUGH = 1e100
"""Wealth is kept below, far above any 1 / delta, so that it cannot overflow."""


@dataclass(frozen=True, slots=True)
class DriftAlarm:
    """The state after `seen` observations. Immutable: `after` gives the next one."""

    rate: float
    delta: float
    bets: tuple[float, ...]
    """What the bettors hold, in the order of MULTIPLES."""
    seen: int = 0
    total: float = 0.0
    """Sum of the observations."""
    raised: int = 0
    """After how many observations wealth first reached 1 / delta, 0 while it has not. It stays raised."""

    @classmethod
    def start(cls, rate: float, delta: float = 0.01) -> "DriftAlarm":
        """An alarm on `rate` that sounds falsely with probability `delta` at most, ever. Raises ValueError unless both
        lie between 0 and 1, the rate below 0.6."""
        if not (0 < rate < HIGHEST_RATE and 0 < delta < 1):
            raise ValueError(f"rate {rate} and delta {delta} must lie between 0 and 1, the rate below {HIGHEST_RATE}")
        return cls(rate, delta, (0.0,) * len(MULTIPLES))

    @property
    def wealth(self) -> float:
        """Cash and bets: 1 at the start."""
        return _cash(self.seen) + sum(self.bets)

    @property
    def alarmed(self) -> bool:
        """Whether wealth ever reached 1 / delta."""
        return self.raised > 0

    @property
    def observed(self) -> float:
        """The mean of all observations so far, 0 before the first."""
        return self.total / self.seen if self.seen else 0.0

    def after(self, observation: float) -> "DriftAlarm":
        """The state after one more observation from 0 to 1; O(1). Raises ValueError for another."""
        if not 0 <= observation <= 1:
            raise ValueError(f"the observation is {observation}; it must lie between 0 and 1")
        rate, seen = self.rate, self.seen + 1
        joining = (_cash(self.seen) - _cash(seen)) / len(MULTIPLES)
        scale = rate * (1.0 - rate)
        bets = tuple(
            min(
                (held + joining) * (1.0 + (min(multiple * rate, _HIGHEST) - rate) / scale * (observation - rate)),
                _ENOUGH,
            )
            for held, multiple in zip(self.bets, MULTIPLES, strict=True)
        )
        reached = _cash(seen) + sum(bets) >= 1.0 / self.delta
        return replace(
            self,
            bets=bets,
            seen=seen,
            total=self.total + observation,
            raised=self.raised or (seen if reached else 0),
        )

    def after_all(self, observations: Iterable[float]) -> "DriftAlarm":
        """The state after many."""
        state = self
        for one in observations:
            state = state.after(float(one))
        return state

    def to_json(self) -> str:
        """Canonical JSON, to go on from after a restart."""
        return canonical(self)

    @classmethod
    def from_json(cls, text: str) -> "DriftAlarm":
        """The state that `to_json` wrote. Raises ValueError for anything else."""
        state = read(cls, text)
        if (
            len(state.bets) != len(MULTIPLES)
            or not all(0 <= held <= _ENOUGH for held in state.bets)
            or not (0 < state.rate < HIGHEST_RATE and 0 < state.delta < 1 and 0 <= state.raised <= state.seen)
        ):
            raise ValueError(f"{text} is not a state of this alarm; start a new one")
        return state


def _cash(seen: int) -> float:
    return 1.0 / log2(seen + 2)
