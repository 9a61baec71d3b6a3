"""The shipped model, read once, and an empty economy around it."""

import pytest

from oracle.scoring import RiskModel
from tests.oracle.scoring.helpers import Economy


@pytest.fixture(scope="session")
def model() -> RiskModel:
    return RiskModel.default()


@pytest.fixture
def economy(model: RiskModel) -> Economy:
    return Economy(model)
