"""The loop of a backtest: play rows, write lines, and go on where an earlier run was interrupted.

State is not stored. A resumed run reads the source from its start and remembers the rows that are written already,
without scoring them, which is many times faster; some of them are scored all the same and must come out as written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from oracle.backtest.judge import HEADER, Judge, Record
from oracle.backtest.output import Output
from oracle.backtest.source import Row, Source
from oracle.backtest.summary import HELD, Tally, summarise
from oracle.errors import ConfigurationError

SAVE_EVERY = 20_000
CHECK_EVERY = 500
"""Of the rows already written, every so many is scored again, and so are the last hundred."""
_LAST = 100

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. `complete` is False where `stop` ended it; `found`: rows that an earlier run had written;
    `checked`: how many of those were scored again and came out the same."""

    path: Path
    complete: bool
    found: int
    checked: int
    summary: Mapping[str, Any]


def backtest(
    source: Source,
    judge: Judge,
    path: Path,
    *,
    threshold: int = HELD,
    fresh: bool = False,
    save_every: int = SAVE_EVERY,
    check_every: int = CHECK_EVERY,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda _what, _rows: None,
) -> Outcome:
    """Play `source` through `judge` into the CSV file `path`, with `path`.summary.json beside it.

    Interrupted, by `stop` or in any other way, the same call goes on, and the file is the same as if nothing had
    happened. `fresh` throws away an earlier output; `progress` hears what is done and how many rows it is past.

    Raises ConfigurationError where `path` belongs to another backtest or was changed, or where a row comes out
    otherwise than written; what source and judge raise.
    """
    output = Output(path, (*HEADER, *judge.columns), {**source.identity, **judge.identity})
    if not fresh and output.finished():
        summary = output.summarise_again(summarise(output.records(), threshold))
        return Outcome(path, True, int(summary["rows"]), 0, summary)
    output.open(fresh=fresh)
    tally, rows = Tally(), source.rows()
    found, checked, saved = output.written, 0, output.written
    try:
        if found:
            checked = _go_back(rows, judge, output, tally, check_every, progress)
        while not stop():
            chunk = list(islice(rows, judge.chunk))
            if not chunk:
                summary = {**tally.summary(threshold), "left_out": dict(source.left_out)}
                output.finish(summary)
                return Outcome(path, True, found, checked, summary)
            records = judge.play(chunk, [True] * len(chunk))
            output.add(records)
            tally.add(records)
            if output.written - saved >= save_every:
                output.save()
                saved = output.written
            progress("scoring", output.written)
        output.save()
    finally:
        output.close()
    return Outcome(path, False, found, checked, {**tally.summary(threshold), "left_out": dict(source.left_out)})


def _go_back(
    rows: Iterator[Row], judge: Judge, output: Output, tally: Tally, check_every: int, progress: Progress
) -> int:
    """Bring the judge to where the output ends; returns how many written rows were scored again."""
    written, done, checked = output.records(), 0, 0
    while done < output.written:
        size = min(judge.chunk, output.written - done)
        chunk, before = list(islice(rows, size)), list(islice(written, size))
        wanted = [(done + i) % check_every == 0 or done + i >= output.written - _LAST for i in range(len(chunk))]
        again = iter(judge.play(chunk, wanted))
        for was, wants in zip(before, wanted, strict=False):
            if wants:
                _same(output.partial, was, next(again))
                checked += 1
        if len(chunk) != len(before):
            raise _changed(output.partial, "the source has fewer rows now")
        tally.add(before)
        done += size
        progress("remembering what is written", done)
    return checked


def _same(path: Path, before: Record, now: Record) -> None:
    for column, was, is_ in zip(HEADER, before, now, strict=False):
        if was != is_:
            raise _changed(path, f"row {before[0]} has {column} {was} there and {is_} now")
    if before != now:
        raise _changed(path, f"row {before[0]} says {before[-1]!r} there and {now[-1]!r} now")


def _changed(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} does not fit what is computed now: {problem}. PayFlow itself was changed since: start anew with"
        f" --fresh."
    )
