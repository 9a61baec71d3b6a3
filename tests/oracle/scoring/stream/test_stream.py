"""One code path: a node, a backtest and training see identical vectors, and none of them sees the future."""

from dataclasses import replace

import numpy as np
import pytest

from oracle.errors import ConfigurationError
from oracle.scoring import numbers
from oracle.scoring.stream import FEATURES, SHORT, Stream, Table, Transfer, feature_table, kernels, key_of
from oracle.scoring.stream.features import AGE_PROXIES, ALL_FEATURES
from oracle.scoring.stream.kernels import RING

NAMES = [f.name for f in FEATURES]


def random_table(seed: int, n: int = 600, wallets: int = 25) -> Table:
    rng = np.random.default_rng(seed)
    people = rng.integers(1, 2**63, wallets, dtype=np.uint64)
    return Table(
        time=1_600_000_000 + np.cumsum(rng.choice([0, 1, 40, 5000, 200_000], n)).astype(np.int64),
        sender=rng.choice(people, n),
        recipient=rng.choice(people, n),
        token=rng.integers(1, 5, n).astype(np.uint64),
        tx=np.cumsum(rng.integers(0, 2, n)).astype(np.uint64),
        amount=np.round(rng.lognormal(4, 3, n), 2),
        stable=rng.random(n) < 0.6,
    )


def rows_of(table: Table) -> list[Transfer]:
    columns = (table.time, table.sender, table.recipient, table.token, table.tx, table.amount, table.stable)
    return [
        Transfer(int(t), int(s), int(r), int(k), int(x), float(a), bool(b))
        for t, s, r, k, x, a, b in zip(*columns, strict=True)
    ]


def head(table: Table, n: int) -> Table:
    return Table(*(getattr(table, name)[:n] for name in table.__slots__))


@pytest.mark.parametrize("seed", range(5))
def test_stream__online_backtest_and_training__same_bytes(seed: int) -> None:
    table = random_table(seed)
    pays = np.random.default_rng(seed).random(table.time.size) < 0.5
    wanted = np.random.default_rng(seed + 1).random(table.time.size) < 0.3
    backtest = Stream(64, 256).batch(table, pays)
    training = Stream(64, 256).batch(table, pays, wanted)
    node, online = Stream(64, 256), []
    for payment, pay in zip(rows_of(table), pays, strict=True):
        online.append(node.features(payment)[0 if pay else 1])
        node.observe(payment)
    assert np.array(online).tobytes() == backtest.tobytes()
    assert training.tobytes() == backtest[wanted].tobytes()


def test_stream__later_payments__change_no_earlier_vector() -> None:
    table = random_table(9)
    pays = np.ones(table.time.size, np.bool_)
    assert (
        Stream(64, 256).batch(head(table, 200), pays[:200]).tobytes()
        == Stream(64, 256).batch(table, pays)[:200].tobytes()
    )


def test_stream__asking_twice__remembers_nothing() -> None:
    stream, payment = Stream(16, 16), Transfer(1_600_000_000, 5, 6, 1, 1, 10.0)
    first = stream.features(payment)[0]
    assert stream.features(payment)[0].tobytes() == first.tobytes()
    assert first[NAMES.index("own_7d_n")] == 0


def test_stream__money_in_and_out_again__is_passed_on() -> None:
    stream, start = Stream(16, 16), 1_600_000_000
    stream.observe(Transfer(start, 5, 6, 1, 1, 100.0))
    stream.observe(Transfer(start + 63, 6, 7, 1, 2, 75.0))
    seen = dict(zip(NAMES, stream.features(Transfer(start + 126, 6, 8, 1, 3, 25.0))[0].tolist(), strict=True))
    assert seen["own_1d_passed_on"] == 0.75
    assert seen["own_1d_drain"] == 1.0
    assert seen["own_1d_in_share"] == 0.5
    assert seen["own_10m_funded"] == numbers.log2(127.0)
    assert seen["own_1d_fan_out"] == 1.0
    assert seen["cp_7d_n"] == 0


def test_stream__window_over__event_counts_only_in_longer_ones() -> None:
    stream, start = Stream(16, 16), 1_600_000_000
    stream.observe(Transfer(start, 5, 6, 1, 1, 100.0))
    seen = dict(zip(NAMES, stream.features(Transfer(start + 3601, 6, 5, 1, 2, 1.0))[0].tolist(), strict=True))
    assert (seen["own_1h_n"], seen["own_1d_n"]) == (0, 1)


def test_stream__more_than_the_ring__remembers_the_last_only() -> None:
    stream, start = Stream(16, 16), 1_600_000_000
    for i in range(RING + 20):
        stream.observe(Transfer(start + i, 5, 6, 1, i + 1, 1.0))
    seen = dict(zip(NAMES, stream.features(Transfer(start + 100, 5, 6, 1, 999, 1.0))[0].tolist(), strict=True))
    assert seen["own_1d_n"] == RING


def test_stream__thousand_times_its_capacity__memory_stays_and_last_wallet_is_known() -> None:
    stream, start = Stream(32, 32), 1_600_000_000
    before = stream.nbytes
    for i in range(1, 32_000):
        stream.observe(Transfer(start + i, key_of(hex(2 * i)), key_of(hex(2 * i + 1)), 1, i, 1.0))
    last = Transfer(start + 32_000, key_of(hex(2 * 31_999)), 9, 1, 1, 1.0)
    assert stream.nbytes == before
    assert stream.features(last)[0][NAMES.index("own_1d_n")] == 1


def test_stream__memory__below_two_kilobytes_a_wallet_with_four_pairs() -> None:
    assert Stream(1 << 12, 1 << 14).nbytes / (1 << 12) < 2048


def test_log2__compiled__same_bits_as_numbers() -> None:
    for x in np.random.default_rng(0).lognormal(0, 10, 2000):
        assert kernels.log2(1.0 + x) == numbers.log2(1.0 + x)


def test_features__table__matches_the_kernel_and_short_is_a_subset() -> None:
    assert len(ALL_FEATURES) == kernels.PAYMENT + kernels.PAIR + 2 * kernels.WINDOWS * kernels.WIDTH
    assert len(set(NAMES)) == len(NAMES)
    assert all(f.horizon != "history" and int(f.horizon) <= 7 * 86_400 for f in SHORT)
    assert all("{value}" in f.sentence or f.unit == "0 or 1" for f in FEATURES)


@pytest.mark.parametrize(("wallets", "pairs"), [(15, 16), (16, 0)])
def test_stream__no_room_for_a_bucket__refused(wallets: int, pairs: int) -> None:
    with pytest.raises(ConfigurationError, match="at least 16"):
        Stream(wallets, pairs)


def test_table__amount_that_is_no_number__refused() -> None:
    table = random_table(1, n=3)
    with pytest.raises(ConfigurationError, match="negative or no number"):
        replace(table, amount=np.array([1.0, np.nan, 2.0]))


def test_feature_table__list_of_transfers__same_bytes_as_batch() -> None:
    table = random_table(3, n=80)
    sides = ["sender" if i % 3 else "recipient" for i in range(80)]
    by_list = feature_table(rows_of(table), sides, Stream(64, 256))  # type: ignore[arg-type]
    assert by_list.tobytes() == Stream(64, 256).batch(table, np.arange(80) % 3 > 0).tobytes()


@pytest.mark.parametrize(
    ("time", "amount"), [(-1, 1.0), (1 << 32, 1.0), (5, -1.0), (5, float("nan")), (5, float("inf"))]
)
def test_transfer__amount_or_time_out_of_range__refused(time: int, amount: float) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Transfer(time, 5, 6, 1, 1, amount)


def test_features__proxies_of_age_and_clocks__in_no_model() -> None:
    assert len(AGE_PROXIES) == 8
    assert {f.name for f in ALL_FEATURES} >= AGE_PROXIES
    assert AGE_PROXIES.isdisjoint(NAMES)
    assert not {"own_all_n", "own_all_gap", "own_all_hold", "own_all_funded", "cp_all_n"} & set(NAMES)
