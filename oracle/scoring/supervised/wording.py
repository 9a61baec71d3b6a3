"""A feature's value as a sentence for a person: durations, amounts and shares instead of binary logarithms."""

from oracle.scoring.numbers import exp2
from oracle.scoring.stream.features import Feature

_DURATIONS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def spoken(feature: Feature, value: float) -> str:
    """The feature's sentence with `value` in it, with its unit; `value` must not be NaN."""
    sentence = feature.sentence
    if "2^{value} seconds" in sentence:
        said = sentence.replace("2^{value} seconds", duration(max(0.0, exp2(value) - 1.0)))
    elif "2^{value}" in sentence:
        less = 1.0 if "less one" in sentence else 0.0
        said = sentence.replace("2^{value}", number(exp2(value) - less)).replace(", less one", "")
    elif feature.unit == "share":
        said = sentence.replace("{value}", number(value) if "each" in sentence else f"{number(100.0 * value)}%")
    elif feature.unit == "0 or 1":
        said = sentence.replace(" (1)", "").replace(" (0)", "").replace("{value}", "yes" if value else "no")
    else:
        said = sentence.replace("{value}", number(value))
    return said[0].upper() + said[1:]


def duration(seconds: float) -> str:
    """In the largest unit that gives at least one."""
    for size, name in _DURATIONS:
        if seconds >= size:
            return f"{number(seconds / size)} {name}"
    return "less than a second"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else "less than 0.001"
