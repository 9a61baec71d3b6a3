"""What smaller amount would have lowered a payment's level: asked of the engine itself, so that it is exact."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from oracle.scoring.types import Payment

_STEPS = (1, 2, 5)
_MOST = 16
"""Round amounts that are looked through, by halving: at most five questions."""


@dataclass(frozen=True, slots=True)
class LowerAmount:
    """With `tokens` whole tokens the payment's overall score would have been `score`."""

    tokens: int
    score: int


def lower_amount(
    payment: Payment, lowers: Callable[[Payment], bool], score_of: Callable[[Payment], int]
) -> LowerAmount | None:
    """The largest round amount (1, 2 or 5 times a power of ten, whole tokens) found below the payment's that `lowers`
    its level, with its score.

    Found by halving, as if the level rose with the amount. Where it does not, a larger such amount may exist; what is
    said of the one that is returned holds, because it was assessed. None where none of those asked has a lower level.
    """
    unit = 10**payment.decimals
    rounds = [step * 10**power for power in range(len(str(payment.amount // unit + 1))) for step in _STEPS]
    rounds = [tokens for tokens in rounds if tokens * unit < payment.amount][-_MOST:]
    found: Payment | None = None
    low, high = 0, len(rounds)
    while low < high:
        middle = (low + high) // 2
        other = replace(payment, amount=rounds[middle] * unit)
        if lowers(other):
            found = other
            low = middle + 1
        else:
            high = middle
    return None if found is None else LowerAmount(found.amount // unit, score_of(found))
