"""Rows left out on purpose."""

from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.datasets import first_per_wallet, load_labelled, load_paysim, without_repeats
from oracle.datasets.transfers import Transfers
from tests.oracle.datasets.files import address, labelled_row, write_csv, write_labelled


def of(tmp_path: Path, *rows: dict[str, object]) -> Transfers:
    return load_labelled(write_labelled(tmp_path / "transfers.csv", rows))


def test_without_repeats__seen_from_both_sides__is_kept_once(tmp_path: Path) -> None:
    found = without_repeats(of(tmp_path, labelled_row(1), labelled_row(1, ego=address(1)), labelled_row(2)))
    assert (found.left_out, found.other_side, found.same_side) == (1, 1, 0)
    kept = found.transfers
    assert [kept.parties[one] for one in kept.wallet] == [address(2), address(2)]


def test_without_repeats__again_in_the_same_history__is_counted_apart(tmp_path: Path) -> None:
    found = without_repeats(of(tmp_path, labelled_row(1), labelled_row(1), labelled_row(1, ego=address(1))))
    assert (found.other_side, found.same_side, len(found.transfers)) == (1, 1, 1)


def test_without_repeats__other_amount_token_or_party__is_another_transfer(tmp_path: Path) -> None:
    large = 2**200
    rows = [
        labelled_row(1, value_raw=str(large)),
        labelled_row(1, value_raw=str(large + 1)),
        labelled_row(1, value_raw=str(large), token=address(0xB)),
        labelled_row(1, value_raw=str(large), **{"from": address(4)}),
        labelled_row(1, value_raw=str(large), to=address(4)),
    ]
    assert without_repeats(of(tmp_path, *rows)).left_out == 0


def test_without_repeats__set_without_transactions__keeps_everything(tmp_path: Path) -> None:
    names = ("step", "amount", "nameOrig", "nameDest", "isFraud")
    found = load_paysim(write_csv(tmp_path / "PS_log.csv", names, [[1, "5.00", "C1", "C2", 0]] * 3))
    assert without_repeats(found).left_out == 0
    assert len(first_per_wallet(found, 2)) == 2  # their sender's, where rows have no wallet


def test_first_per_wallet__both_sides_of_a_history__count_together(tmp_path: Path) -> None:
    rows = [
        labelled_row(i, **{"from": address(1 + i % 2), "to": address(2 - i % 2), "ego": address(1)}) for i in range(6)
    ]
    assert first_per_wallet(of(tmp_path, *rows), 4).units.size == 4


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=40), st.integers(1, 5))
def test_first_per_wallet__any_histories__keeps_the_first_of_each_in_order(
    rows: list[tuple[int, bool]], most: int
) -> None:
    size = len(rows)
    owner = np.array([wallet for wallet, _ in rows], np.int64)
    wallet = np.array([wallet if known else -1 for wallet, known in rows], np.int64)
    nothing = np.zeros(size, np.int64)
    units = np.arange(size).astype(np.object_)
    transfers = Transfers(
        "x", "", np.arange(size), owner, nothing, nothing, nothing, units, nothing.astype(np.int8), wallet, nothing - 1,
        ("a", "b", "c", "d"), (), ("",), (),
    )  # fmt: skip
    expected: list[int] = []
    counts: Counter[int] = Counter()
    for row, (one, _) in enumerate(rows):
        counts[one] += 1
        if counts[one] <= most:
            expected.append(row)
    assert first_per_wallet(transfers, most).units.tolist() == expected
