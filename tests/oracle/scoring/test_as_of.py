"""A payment's features depend on what came before it, and on nothing else."""

import copy

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.scoring import Payment, RiskModel, ScoringConfig, ScreeningLists
from oracle.scoring.engine import RiskEngine
from oracle.scoring.features import SCALE, Context, Signals, vector
from oracle.scoring.simulator import simulate
from oracle.scoring.state import Ledger
from oracle.scoring.training import collect
from tests.oracle.scoring.helpers import DAY, START, TOKEN, address

WALLETS = [address(number) for number in range(6)]

STREAMS = st.lists(
    st.tuples(
        st.sampled_from(WALLETS),
        st.sampled_from(WALLETS),
        st.sampled_from((0, 1, 9_999, 20_000_000, 500_000_000, 9_500_000_000)) | st.integers(0, 10**12),
        st.integers(0, 2 * DAY),
    ),
    min_size=1,
    max_size=40,
)


def payments(stream: list[tuple[str, str, int, int]]) -> list[Payment]:
    made, now = [], START
    for number, (sender, recipient, amount, gap) in enumerate(stream):
        now += gap
        made.append(Payment(f"{number}", sender, recipient, TOKEN, amount, 6, now, 1 + now // 12, ""))
    return made


@settings(max_examples=60, deadline=None)
@given(STREAMS, STREAMS)
def test_vector__whatever_happens_later__stays_the_same(
    earlier: list[tuple[str, str, int, int]], later: list[tuple[str, str, int, int]]
) -> None:
    both = payments(earlier + later)
    alone = collect(both[: len(earlier)], ScoringConfig())
    assert np.array_equal(collect(both, ScoringConfig())[: len(earlier)], alone)


@settings(max_examples=40, deadline=None)
@given(STREAMS, STREAMS)
def test_assess__any_other_payments_assessed_in_between__changes_nothing(
    stream: list[tuple[str, str, int, int]], hypothetical: list[tuple[str, str, int, int]]
) -> None:
    quiet, asked = Ledger(ScoringConfig()), Ledger(ScoringConfig())
    for number, payment in enumerate(payments(stream)):
        for other in payments(hypothetical)[: 3 if number % 7 == 0 else 0]:
            vector(Signals.of(Context.of(other, asked)))
        assert vector(Signals.of(Context.of(payment, quiet))) == vector(Signals.of(Context.of(payment, asked)))
        quiet.observe(payment)
        asked.observe(payment)


def test_assess__the_far_future__leaves_the_present_alone(model: RiskModel) -> None:
    stream = [one.payment for one in simulate(3, 600)]
    engine, untouched = RiskEngine(model, ScreeningLists()), RiskEngine(model, ScreeningLists())
    for payment in stream[:-1]:
        engine.observe(payment)
        untouched.observe(payment)
    last = stream[-1]
    engine.assess(
        Payment("x", last.sender, last.recipient, last.token, last.amount, 6, last.timestamp + 300 * DAY, 0, "")
    )
    assert engine.assess(last).evidence() == untouched.assess(last).evidence()


def test_collect__training_and_online__identical_vectors(model: RiskModel) -> None:
    stream = [one.payment for one in simulate(4, 800)]
    engine = RiskEngine(model, ScreeningLists())
    trained_on = collect(stream, model.config)
    for row, payment in zip(trained_on, stream, strict=True):
        online = [float(value) for value in engine.assess_and_observe(payment).features.values()]
        assert [round(value * SCALE) for value in online] == [round(value * SCALE) for value in row.tolist()]


def test_observe__copied_engine__continues_alike(model: RiskModel) -> None:
    stream = [one.payment for one in simulate(5, 500)]
    engine = RiskEngine(model, ScreeningLists())
    for payment in stream[:400]:
        engine.observe(payment)
    twin = copy.deepcopy(engine)
    for payment in stream[400:]:
        assert engine.assess_and_observe(payment).evidence() == twin.assess_and_observe(payment).evidence()
