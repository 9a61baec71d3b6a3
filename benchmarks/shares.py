"""What a share of so many cases can say: intervals and limits."""

from math import sqrt

from scipy.stats import beta

_Z = 1.96


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95% Wilson interval of a share; `of` is above 0."""
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def interval(hits: int, of: int, decimals: int = 1) -> str:
    """A share with its 95% Wilson interval, in percent."""
    if not of:
        return "–"
    low, high = wilson(hits, of)
    return f"{hits / of:.{decimals}%} ({low:.{decimals}%}–{high:.{decimals}%})"


def at_most(hits: int, of: int) -> float:
    """The one-sided 95% upper limit of a share (Clopper and Pearson): 1 - 0.05^(1/of) without hits."""
    return float(beta.ppf(0.95, hits + 1, of - hits))
