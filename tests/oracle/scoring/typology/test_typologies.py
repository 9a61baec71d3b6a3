"""The compiled typologies equal their definitions, are the same online and in a backtest, and keep to their bounds."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.errors import ConfigurationError, InvalidPayment
from oracle.scoring.stream import Table, Transfer
from oracle.scoring.typology import FEATURES, QUARTER, WEEK, Cut, Typologies, TypologyFacts, kernels
from oracle.scoring.typology.kernels import BUDGET, CYCLE, SCAN
from tests.oracle.scoring.typology.reference import Reference

START = 1_600_000_000


def pay(time: int, sender: int, recipient: int, amount: float = 100.0) -> Transfer:
    return Transfer(START + time, sender, recipient, 1, 1, amount)


def feed(state: Typologies, *payments: Transfer) -> TypologyFacts:
    """Remember all but the last payment, ids 100, 101, ...; look at the last."""
    for i, payment in enumerate(payments[:-1]):
        state.observe(payment, 100 + i)
    return state.look(payments[-1])


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Transfer], int, set[int]]:
    """At most 45 payments among few wallets, some in one block, some at oneself, with a window that cuts into them."""
    n = draw(st.integers(1, 45))
    people = draw(st.lists(st.integers(1, 2**64 - 1), min_size=3, max_size=9, unique=True))
    one = st.tuples(
        st.sampled_from((0, 0, 1, 10, 60)), st.sampled_from(people), st.sampled_from(people), st.integers(0, 12)
    )
    now, payments = draw(st.sampled_from((0, START))), []
    for gap, sender, recipient, tenths in draw(st.lists(one, min_size=n, max_size=n)):
        now += gap
        payments.append(Transfer(now, sender, recipient, 1, 1, tenths / 10))
    return payments, draw(st.sampled_from((1, 50, 200, WEEK))), draw(st.sets(st.sampled_from(people), max_size=2))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(streams())
def test_look__random_graph_nothing_evicted__equals_brute_force(stream: tuple[list[Transfer], int, set[int]]) -> None:
    payments, window, listed = stream
    fast, slow = Typologies(window, 256, 64, listed), Reference(window, listed)
    for i, payment in enumerate(payments):
        assert fast.look(payment) == slow.look(payment)
        fast.observe(payment, 7 * i)
        slow.observe(payment, 7 * i)
    assert fast.counters.edges_forgotten == fast.counters.wallets_forgotten == fast.counters.cut_scan == 0


def random_table(seed: int, n: int, wallets: int) -> Table:
    rng = np.random.default_rng(seed)
    people = rng.integers(1, 2**63, wallets, dtype=np.uint64)
    ones = np.ones(n, np.uint64)
    return Table(
        time=START + np.cumsum(rng.choice([0, 1, 40, 5000], n)).astype(np.int64),
        sender=people[(rng.random(n) ** 2 * wallets).astype(np.int64)],
        recipient=rng.choice(people, n),
        token=ones,
        tx=ones,
        amount=np.round(rng.lognormal(4, 1, n), 2),
        stable=np.ones(n, np.bool_),
    )


def rows_of(table: Table) -> list[Transfer]:
    columns = (table.time, table.sender, table.recipient, table.amount)
    return [Transfer(int(t), int(s), int(r), 1, 1, float(a)) for t, s, r, a in zip(*columns, strict=True)]


@pytest.mark.parametrize(("wallets", "places", "edges"), [(30, 64, 4096), (30, 64, 100), (400, 32, 300)])
def test_typologies__online_and_backtest__same_bytes_also_when_evicting(wallets: int, places: int, edges: int) -> None:
    table = random_table(wallets, 1500, wallets)
    listed = [int(table.sender[0])]
    backtest, node = Typologies(WEEK, places, edges, listed), Typologies(WEEK, places, edges, listed)
    rows = backtest.batch(table)
    online = []
    for i, payment in enumerate(rows_of(table)):
        online.append(astuple(node.look(payment))[: len(FEATURES)])
        node.observe(payment, i)
    assert np.array(online, np.float64).tobytes() == rows.tobytes()
    assert node.counters == backtest.counters


def test_batch__in_two_parts__same_bytes_as_in_one() -> None:
    table = random_table(5, 800, 40)
    cut = [Table(*(getattr(table, n)[part] for n in Table.__slots__)) for part in (slice(0, 300), slice(300, None))]
    halves = Typologies(WEEK, 256, 1024)
    rows = np.concatenate([halves.batch(part) for part in cut])
    assert rows.tobytes() == Typologies(WEEK, 256, 1024).batch(table).tobytes()


def test_look__twice__remembers_nothing() -> None:
    state = Typologies(WEEK, 64, 64)
    first = feed(state, pay(0, 1, 2), pay(1, 2, 1))
    assert state.look(pay(1, 2, 1)) == first
    assert first.cycle == 2


@pytest.mark.parametrize("length", range(2, CYCLE + 1))
def test_cycle__up_to_its_longest__found_with_ids_ratio_and_duration(length: int) -> None:
    ring = [pay(10 * i, 1 + i, 1 + (i + 1) % length, 100.0 - i) for i in range(length)]
    facts = feed(Typologies(WEEK, 64, 64), *ring)
    assert facts.cycle == length
    assert facts.cycle_ids == tuple(range(100, 99 + length))
    assert facts.cycle_ratio == (101.0 - length) / 100.0
    assert facts.cycle_seconds == 10 * (length - 1)


def test_cycle__one_too_long_or_against_time__not_found() -> None:
    too_long = [pay(i, 1 + i, 1 + (i + 1) % (CYCLE + 1)) for i in range(CYCLE + 1)]
    assert feed(Typologies(WEEK, 64, 64), *too_long).cycle == 0
    assert feed(Typologies(WEEK, 64, 64), pay(0, 2, 3), pay(1, 1, 2), pay(2, 3, 1)).cycle == 0


def test_scatter_gather__five_middlemen__counted_with_their_source() -> None:
    middle = range(10, 15)
    scatter = [pay(i, 1, m) for i, m in enumerate(middle)]
    gather = [pay(20 + i, m, 2) for i, m in enumerate(middle)]
    facts = feed(Typologies(WEEK, 64, 64), *scatter, *gather)
    assert (facts.scatter_gather, facts.source, facts.fan_in, facts.layered) == (5, 1, 5, 1)


def test_gather_scatter__four_in_then_three_out__three() -> None:
    gather = [pay(i, 10 + i, 1) for i in range(4)]
    scatter = [pay(10 + i, 1, 20 + i) for i in range(3)]
    facts = feed(Typologies(WEEK, 64, 64), *gather, *scatter)
    assert (facts.gather_scatter, facts.payers, facts.fan_out) == (3, 4, 3)


def test_stack__two_layers_of_three__seen_from_the_last_edge() -> None:
    first = [pay(i, 1 + i // 3, 11 + i % 3) for i in range(9)]
    second = [pay(20 + i, 11 + i // 3, 21 + i % 3) for i in range(9)]
    facts = feed(Typologies(WEEK, 64, 64), *first, *second)
    assert (facts.layered, facts.bipartite, facts.scatter_gather, facts.chained) == (3, 2, 3, 1)


def test_window__edge_older_than_it__counts_for_nothing() -> None:
    within, beyond = pay(WEEK, 2, 1), pay(WEEK + 1, 2, 1)
    assert feed(Typologies(WEEK, 64, 64, [1]), pay(0, 1, 2), within).sender_from_listed == 1
    facts = feed(Typologies(WEEK, 64, 64, [1]), pay(0, 1, 2), beyond)
    assert (facts.cycle, facts.payers, facts.sender_from_listed, facts.chained) == (0, 0, 5, 0)
    assert feed(Typologies(QUARTER, 64, 64), pay(0, 1, 2), beyond).cycle == 2


def test_bounds__busy_wallets__cut_is_told_and_counted() -> None:
    state = Typologies(WEEK, 1024, 4096)
    for i in range(SCAN + 20):
        state.observe(pay(i, 1000 + i, 1), i)
    for i in range(BUDGET):
        state.observe(pay(400, 2, 3000 + i), i)
    facts = state.look(pay(500, 1, 2))
    assert facts.payers == SCAN
    assert facts.cut & Cut.SCAN
    assert facts.cut & Cut.CYCLE == Cut.NONE
    for i in range(BUDGET + 1):
        state.observe(pay(600, 5000 + i, 4), i)
    assert state.look(pay(700, 4, 2)).cut & Cut.CYCLE
    assert (state.counters.looks, state.counters.cut_scan, state.counters.cut_cycle) == (2, 2, 1)


def test_bounds__hundred_times_the_capacity__memory_stays_and_the_latest_are_known() -> None:
    state = Typologies(WEEK, 32, 32)
    before = state.nbytes
    for i in range(3_200):
        state.observe(pay(i, 2 * i + 1, 2 * i + 2), i)
    assert state.nbytes == before
    assert state.look(pay(3_200, 6_400, 6_399)).cycle_ids == (3_199,)
    assert state.counters.edges_forgotten == 3_200 - 32
    assert state.counters.wallets_forgotten > 6_000


def test_bounds__full_bucket_in_one_block__parties_keep_their_own_places() -> None:
    state = Typologies(WEEK, 16, 64)
    for i in range(1, 40):
        state.observe(pay(0, 2 * i, 2 * i + 1), i)
        assert state.look(pay(0, 2 * i + 1, 2 * i)).cycle_ids == (i,)


def test_memory__default_sizes__below_two_kilobytes_a_wallet() -> None:
    assert Typologies().nbytes / (1 << 18) < 2048


def test_vector__columns__match_the_kernel() -> None:
    assert len(FEATURES) == kernels.WIDTH
    assert FEATURES[kernels.CUT] == "cut"
    assert FEATURES[kernels.CHAINED] == "chained"
    assert FEATURES[kernels.RECIPIENT_TO] == "recipient_to_listed"


@pytest.mark.parametrize(("window", "wallets", "edges"), [(0, 16, 16), (1, 15, 16), (1, 16, 15)])
def test_typologies__no_room__refused(window: int, wallets: int, edges: int) -> None:
    with pytest.raises(ConfigurationError, match="at least"):
        Typologies(window, wallets, edges)


def test_typologies__listed_key_out_of_range__refused() -> None:
    with pytest.raises(ConfigurationError, match="key_of"):
        Typologies(listed=[1 << 64], wallets=16, edges=16)


def test_typologies__payment_from_the_past__refused_and_not_remembered() -> None:
    state = Typologies(WEEK, 64, 64)
    state.observe(pay(10, 1, 2), 1)
    for refused in (lambda: state.observe(pay(9, 2, 1), 2), lambda: state.look(pay(9, 2, 1))):
        with pytest.raises(InvalidPayment, match="in the order of the chain"):
            refused()
    table = random_table(1, 10, 4)
    mixed = Table(*(getattr(table, n)[::-1] for n in Table.__slots__))
    with pytest.raises(InvalidPayment, match="in the order of the chain"):
        Typologies(WEEK, 64, 64).batch(mixed)
    assert state.look(pay(10, 2, 1)).cycle_ids == (1,)
