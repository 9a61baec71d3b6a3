"""Counts over the lines of a backtest. All of a summary follows from the output file; memory grows with days only."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from heapq import heappush, heappushpop
from typing import Any

from oracle.backtest.judge import HEADER, Record
from oracle.scoring import RiskLevel

LABELS = {"1": "fraud", "0": "ordinary", "-1": "unlabelled"}
HELD = 61
"""The score from which the core does not pay at once: HIGH waits for a person, CRITICAL goes back."""
TOP = 20
_DAY = 86_400
_HIGHEST = 100
_LEVELS = tuple(level.name for level in RiskLevel)
_ROW, _ID, _TIME, _SCORE, _LEVEL, _ALERTS, _LABEL, _KIND = range(len(HEADER))


class Tally:
    """Takes records one by one."""

    def __init__(self) -> None:
        self.rows = 0
        self._scores: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (_HIGHEST + 1))
        self._days: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._kinds: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (_HIGHEST + 1))
        self._alerts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._top: list[tuple[int, int, Record]] = []

    def add(self, records: Iterable[Record]) -> None:
        """Count these."""
        for record in records:
            score = int(record[_SCORE])
            label = LABELS[record[_LABEL]]
            self.rows += 1
            self._scores[label][score] += 1
            self._days[int(record[_TIME]) // _DAY][record[_LEVEL]] += 1
            if record[_KIND]:
                self._kinds[record[_KIND]][score] += 1
            if record[_ALERTS]:
                self._alerts[label].update(record[_ALERTS].split(" "))
            entry = (score, -int(record[_ROW]), record)
            if len(self._top) < TOP:
                heappush(self._top, entry)
            elif entry[:2] > self._top[0][:2]:
                heappushpop(self._top, entry)

    def summary(self, threshold: int = HELD) -> dict[str, Any]:
        """Everything counted, as JSON; `threshold`: the score from which a payment counts as flagged."""
        every = [sum(column) for column in zip(*self._scores.values(), strict=True)] or [0] * (_HIGHEST + 1)
        return {
            "rows": self.rows,
            "threshold": threshold,
            "flagged": sum(every[threshold:]),
            "levels": _by_level(every),
            "by_label": {
                label: {
                    "rows": sum(scores),
                    "flagged": sum(scores[threshold:]),
                    "flagged_share": round(sum(scores[threshold:]) / sum(scores), 6),
                    "levels": _by_level(scores),
                    "alerts": dict(sorted(self._alerts[label].items())),
                    "scores": scores,
                }
                for label, scores in sorted(self._scores.items())
            },
            "by_kind": {
                kind: {"rows": sum(scores), "flagged": sum(scores[threshold:]), "levels": _by_level(scores)}
                for kind, scores in sorted(self._kinds.items())
            },
            "by_day": {
                datetime.fromtimestamp(day * _DAY, UTC).date().isoformat(): {name: levels[name] for name in _LEVELS}
                for day, levels in sorted(self._days.items())
            },
            "top": [
                {
                    "row": int(record[_ROW]),
                    "id": record[_ID],
                    "score": score,
                    "label": LABELS[record[_LABEL]],
                    "sentence": record[-1],
                }
                for score, _, record in sorted(self._top, key=lambda entry: entry[:2], reverse=True)
            ],
        }


def summarise(records: Iterable[Record], threshold: int = HELD) -> Mapping[str, Any]:
    """The summary of some records."""
    tally = Tally()
    tally.add(records)
    return tally.summary(threshold)


def _by_level(scores: Sequence[int]) -> dict[str, int]:
    counts = dict.fromkeys(_LEVELS, 0)
    for score, count in enumerate(scores):
        counts[RiskLevel.of(score).name] += count
    return counts
