"""The shared sets hold what docs/data.md says they hold. Skipped where they are absent."""

from collections import Counter

import numpy as np
import pytest

from oracle.datasets import (
    AddressFormat,
    data_folder,
    first_per_wallet,
    load,
    load_account_labels,
    load_address_labels,
    load_amlsim,
    load_payoffs,
    load_sanctions,
    without_repeats,
)

pytestmark = pytest.mark.skipif(
    not data_folder().is_dir(), reason="the shared data sets are not here: see docs/data.md"
)


def test_labelled__all_tokens__counts() -> None:
    found = load("labelled")
    assert len(found) == 246_701
    assert Counter(found.label.tolist()) == {0: 168_260, 1: 78_441}
    assert (len(np.unique(found.wallet)), len(found.tokens)) == (4_749, 7_992)
    assert max(found.units.tolist()) == 2**256 - 1
    distinct = without_repeats(found)
    assert (distinct.other_side, distinct.same_side, len(distinct.transfers)) == (2_251, 1_291, 243_159)
    first = first_per_wallet(found)
    assert len(first) == 87_848
    assert np.bincount(first.wallet).max() == 100


def test_labelled__stablecoins__are_all_in_the_larger_set() -> None:
    small, large = load("stablecoins"), load("labelled")
    assert len(small) == 27_667
    assert Counter(small.label.tolist()) == {0: 14_641, 1: 13_026}
    assert without_repeats(small).other_side == without_repeats(small).left_out == 38
    known = {token.address for token in small.tokens}
    rows = np.array([token.address in known for token in large.tokens], np.bool_)[large.token]
    same = large.take(rows)
    assert same.time.tolist() == small.time.tolist()
    assert same.units.tolist() == small.units.tolist()


def test_account_labels__counts() -> None:
    found = load_account_labels(data_folder() / "eth_transfers_labelled")
    assert (len(found.addresses), len(found.strangers)) == (9_800, 2)
    assert int(found.label.sum()) == 4_431


def test_amlsim_and_patterns__counts() -> None:
    simulated = load("amlsim")
    assert (len(simulated), len(simulated.parties), int(simulated.label.sum())) == (120_558, 19_980, 19_447)
    assert (load_amlsim(data_folder() / "amlsim", "recipient").time == simulated.time).all()
    patterns = load("patterns")
    assert Counter(patterns.kinds[one] for one in patterns.kind) == {
        "SCATTER-GATHER": 444,
        "GATHER-SCATTER": 379,
        "STACK": 242,
        "FAN-OUT": 239,
        "FAN-IN": 216,
        "BIPARTITE": 209,
        "CYCLE": 181,
        "RANDOM": 151,
    }


def test_payoffs__both_chains__counts() -> None:
    ethereum, bsc = (load_payoffs(data_folder() / "address_poisoning", chain) for chain in ("ethereum", "bsc"))
    assert (len(ethereum), len(bsc)) == (1_225, 3_473)
    assert (int(np.isnan(ethereum.usd).sum()), int(np.isnan(bsc.usd).sum())) == (0, 748)
    assert all(fake != meant for fake, meant in zip(ethereum.look_alike, ethereum.intended, strict=True))


def test_lists__counts() -> None:
    labels = load_address_labels(data_folder() / "address_labels")
    assert (len(labels), len({one.address for one in labels})) == (76_962, 49_720)
    sanctions = load_sanctions(data_folder() / "sanctions")
    assert Counter(one.format for one in sanctions) == {
        AddressFormat.EVM: 164,
        AddressFormat.TRON: 11,
        AddressFormat.BITCOIN: 7,
    }
    assert len({one.address for one in sanctions if one.format is AddressFormat.EVM}) == 156
