"""Fixtures that need a chain, and how examples are drawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from oracle.scoring import Payment, RiskEngine, RiskModel, ScreeningLists
from tests.oracle.devnet import Devnet, devnet

# no test fails by the clock: the first example may wait for a loop to be compiled
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def compiled() -> None:
    """The loops of scoring, so that no test's patience goes by while the first node on a machine compiles them."""
    engine = RiskEngine(RiskModel.default(), ScreeningLists())
    engine.assess_and_observe(
        Payment("0x" + "00" * 32, "0x" + "01" * 20, "0x" + "02" * 20, "0x" + "03" * 20, 10**9, 6, 1)
    )


@pytest.fixture
def net(compiled: None, tmp_path: Path) -> Iterator[Devnet]:
    """A devnet of the test's own that mines a block per transaction."""
    with devnet(tmp_path) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def shared_net(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    """One devnet for the tests of a module that do not disturb each other."""
    with devnet(tmp_path_factory.mktemp("net")) as fresh:
        yield fresh
