from hypothesis import given
from hypothesis import strategies as st

from oracle.scoring.config import DAY, HOUR, MONTH, WEEK
from oracle.scoring.state.trail import Trail

STEPS = st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(0, 10**12)), max_size=120)


@given(STEPS, st.integers(0, 40 * DAY))
def test_since__any_stream_and_window__equals_brute_force(steps: list[tuple[int, int]], later: int) -> None:
    trail, events, now = Trail(), [], 1_700_000_000
    for gap, amount in steps:
        now += gap
        trail.add(now, amount, now - MONTH)
        events.append((now, amount))
    for window in (HOUR, DAY, WEEK, MONTH):
        start = max(now - MONTH, now + later - window)  # older payments may be forgotten
        inside = [amount for time, amount in events if time > start]
        assert trail.since(start) == (len(inside), sum(inside))


def test_add__a_month_of_payments_a_second_apart__bounded_and_exact_in_total() -> None:
    trail, start = Trail(), 1_700_000_000
    for second in range(20_000):
        trail.add(start + second, 1, start + second - MONTH)
    assert len(trail) <= Trail.LIMIT
    assert trail.since(start - 1) == (20_000, 20_000)
    # the newest stay exact, the oldest get coarser
    assert trail.since(start + 20_000 - 101) == (100, 100)


def test_add__old_payments__are_forgotten() -> None:
    trail = Trail()
    for day in range(400):
        trail.add(day * DAY, 5, day * DAY - MONTH)
    assert len(trail) <= 62
    assert trail.since(399 * DAY - MONTH) == (30, 150)
