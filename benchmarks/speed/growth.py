"""What one more payment costs when 10^4 to 10^6 payments are remembered, and how much memory they take."""

import csv
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter

from benchmarks.speed.machine import MARKS, PAYMENTS, SEED, Figures, percentiles, resident, supervised
from oracle.backtest import Row
from oracle.backtest.stream import transfer_of
from oracle.scoring import Payment, RiskEngine, RiskModel
from oracle.scoring.simulator import simulated_lists
from oracle.scoring.stream import Stream

ASKED, WARM_UP = 400, 10

Step = Callable[[Row], float]
"""Seconds of one step with one payment."""


def growth(kind: str, most: int) -> Figures:
    """At each mark up to `most`: percentiles of scoring one payment, payments remembered a second since the last mark,
    and memory, for `kind` "engine" or "stream" (features and the supervised model)."""
    before, new = resident(), _engine if kind == "engine" else _stream
    ask, remember = new()
    for row in islice(_rows(), WARM_UP):  # compiles the loops, and is forgotten again
        ask(row)
        remember(row)
    ask, remember = new()
    rows, table, done = _rows(), {}, 0
    for mark in (mark for mark in MARKS if mark <= most):
        spent, asked, last = 0.0, [], mark - done - ASKED
        for number, row in enumerate(islice(rows, mark - done)):
            if number >= last:
                asked.append(ask(row))
            spent += remember(row)
        table[str(mark)] = {
            **percentiles(asked[WARM_UP:]),
            "remembered_per_s": round((mark - done) / spent),
            "memory_mib": round(resident() - before, 1),
        }
        done = mark
    return table


def _rows() -> Iterator[Row]:
    """The file's payments, line by line: batches of a reader would be the larger part of the memory measured."""
    with PAYMENTS.open(newline="", encoding="ascii") as stream:
        for number, one in enumerate(csv.DictReader(stream)):
            payment = Payment(
                payment_id=one["id"],
                sender=one["sender"],
                recipient=one["recipient"],
                token=one["token"],
                amount=int(one["amount"]),
                decimals=int(one["decimals"]),
                timestamp=int(one["time"]),
                block=int(one["block"]),
                tx=one["tx"],
            )
            yield Row(number, payment)


def _engine() -> tuple[Step, Step]:
    engine = RiskEngine(RiskModel.default(), simulated_lists(SEED))

    def ask(row: Row) -> float:
        start = perf_counter()
        engine.assess(row.payment)
        return perf_counter() - start

    def remember(row: Row) -> float:
        start = perf_counter()
        engine.observe(row.payment)
        return perf_counter() - start

    return ask, remember


def _stream() -> tuple[Step, Step]:
    model, stream = supervised(), Stream(1 << 18, 1 << 20)

    def ask(row: Row) -> float:
        transfer, start = transfer_of(row), perf_counter()
        model.score(stream.features(transfer)[0])
        return perf_counter() - start

    def remember(row: Row) -> float:
        transfer, start = transfer_of(row), perf_counter()
        stream.observe(transfer)
        return perf_counter() - start

    return ask, remember
