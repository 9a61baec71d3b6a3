"""Whether payments still are what they were: the lines of a backtest under the drift alarm.

The first payments of a deployment set the score that a share `rate` of them reach at most, as a conformal bound over
payments does; or the score is given, with whatever rate was promised for it. The alarm then follows the share of later
payments that reach it. No labels are needed: a wave of fraud moves the rate just as an honest change of habits does.

What a node itself ranks by (`LocalRank`, docs/adr/0017) cannot be watched for long: it takes new payments as its
yardstick and so returns to its promise within days, at the price of power. Here the yardstick stays.

One observation is the share of a period's payments that alert, not a payment, because a wallet's payments come in
bursts: what the alarm assumes is then only that the mean of a period, given those before it, is at most the rate.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from oracle.errors import ConfigurationError, DataInvalid
from oracle.evaluation.drift import HIGHEST_RATE, DriftAlarm

RATE = 0.05
"""The node's channels add points from rank 0.95 on."""
REFERENCE = 1_000
"""Payments that set the score, where none is given."""
_HIGHEST = 100
_HOUR = 3600
_RECENT = 30


@dataclass(frozen=True, slots=True)
class Watched:
    """`least`: the score that alerts, None where there are fewer payments than set it.

    `limit`: the rate that is held against it. `payments`: those that were judged, in `periods` with any. `observed`:
    the mean share of a period that alerts, `recent` that of the last 30. `raised`: start of the period in which the
    alarm sounded, unix seconds, None where it did not. `evidence`: how many times over the promise is disproved at the
    end; 1 / delta sounds the alarm.
    """

    least: int | None
    limit: float
    delta: float
    payments: int
    periods: int
    observed: float
    recent: float
    raised: int | None
    evidence: float

    @property
    def kept(self) -> bool:
        """Whether no alarm sounded."""
        return self.raised is None


def watch(
    scores: Iterable[tuple[int, int]],
    *,
    rate: float = RATE,
    delta: float = 0.01,
    hours: int = 24,
    least: int | None = None,
    reference: int = REFERENCE,
) -> Watched:
    """Follow (time, score) pairs in the order of time, unix seconds and 0 to 100, in periods of `hours`.

    `least`: the score that alerts; otherwise the first `reference` payments set it, are not judged themselves, and
    `rate` is held with two standard errors of a share of so many. The alarm sounds falsely with probability `delta` at
    most, over all periods together. Raises ConfigurationError where the first payments cannot set a score for that
    rate, and ValueError as `DriftAlarm.start` does.
    """
    lines, limit = iter(scores), rate
    if least is None:
        limit = _limit(rate, reference)
        first = [score for _, score in islice(lines, reference)]
        if len(first) == reference:
            least = _reached(first, rate)
            if least is None:
                raise ConfigurationError(
                    f"{first.count(_HIGHEST)} of the first {reference} payments score {_HIGHEST}, more than the rate"
                    f" {rate:g} allows, so that no score is left that could alert: name the score with --from and what"
                    f" it may reach with --rate."
                )
    alarm, raised, judged = DriftAlarm.start(limit, delta), None, 0
    shares: list[float] = []
    for period, found in groupby(lines if least is not None else (), lambda one: one[0] // (hours * _HOUR)):
        hits = [score >= (least or 0) for _, score in found]
        judged += len(hits)
        shares.append(sum(hits) / len(hits))
        alarm = alarm.after(shares[-1])
        if raised is None and alarm.alarmed:
            raised = period * hours * _HOUR
    recent = shares[-_RECENT:]
    return Watched(
        least=least,
        limit=limit,
        delta=delta,
        payments=judged,
        periods=len(shares),
        observed=math.fsum(shares) / max(1, len(shares)),
        recent=math.fsum(recent) / max(1, len(recent)),
        raised=raised,
        evidence=alarm.wealth,
    )


def read_scores(path: Path, column: str = "score") -> Iterator[tuple[int, int]]:
    """(time, score) of each line of a CSV file with the columns `time` and `column`, as `payflow backtest` writes.

    Raises DataInvalid for a file or column that is absent, numbers out of bounds and times that go back.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            for name in ("time", column):
                if name not in (reader.fieldnames or ()):
                    raise _invalid(path, "is no column of it", None, name, None)
            before = 0
            for line in reader:
                time = _whole(path, reader.line_num, "time", line["time"], (1 << 40) - 1)
                if time < before:
                    raise _invalid(path, "lies before the line above", reader.line_num, "time", line["time"])
                before = time
                yield time, _whole(path, reader.line_num, column, line[column], _HIGHEST)
    except (OSError, UnicodeDecodeError) as unreadable:
        raise _invalid(path, f"it cannot be read ({unreadable})", None, None, None) from None


def _limit(rate: float, reference: int) -> float:
    """The rate and two standard errors of it among `reference` payments. Raises ConfigurationError where these are too
    few for any score, or for the alarm."""
    limit = rate + 2 * math.sqrt(rate * (1 - rate) / reference)
    if 1 / (1 + reference) <= rate and limit < HIGHEST_RATE:
        return limit
    raise ConfigurationError(
        f"The rate {rate:g} cannot be watched with a score that {reference} first payments set: set --reference higher,"
        f" or name the score with --from."
    )


def _reached(scores: list[int], rate: float) -> int | None:
    """The least score s with (1 + number of scores from s on) / (1 + number of scores) <= rate, None without any."""
    for one in range(_HIGHEST + 1):
        if (1 + sum(score >= one for score in scores)) / (1 + len(scores)) <= rate:
            return one
    return None


def _whole(path: Path, line: int, column: str, value: str | None, most: int) -> int:
    text = value or ""
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise _invalid(path, f"is no whole number from 0 to {most}", line, column, text)
    return int(text)


def _invalid(path: Path, problem: str, line: int | None, column: str | None, value: str | None) -> DataInvalid:
    return DataInvalid(
        path=path,
        problem=problem,
        remedy="Give a CSV file with times and scores in the order of time, as `payflow backtest` writes it.",
        row=line,
        column=column,
        value=value,
    )
