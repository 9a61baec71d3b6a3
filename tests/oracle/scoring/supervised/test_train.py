import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from oracle.errors import ModelInvalid, ModelMissing
from oracle.scoring.supervised.model import SupervisedModel
from oracle.scoring.supervised.train import FitSettings, fit, folds
from tests.oracle.scoring.supervised.conftest import rows_and_labels

NAMES = tuple("abcdefgh")
QUICK = FitSettings(trees=25, folds=3, learning_rate=0.2, min_data_in_leaf=10)
ROWS, LABELS = rows_and_labels(1, 2400, 8, 0.1)
WALLETS = np.arange(2400) // 6


@pytest.fixture(scope="module")
def trained() -> SupervisedModel:
    return fit(ROWS, LABELS, WALLETS, NAMES, QUICK, 7)


def test_fit__twice__same_bytes(trained: SupervisedModel) -> None:
    assert fit(ROWS, LABELS, WALLETS, NAMES, QUICK, 7).version == trained.version
    assert fit(ROWS, LABELS, WALLETS, NAMES, QUICK, 8).version != trained.version


def test_fit__new_rows__fraud_scores_higher(trained: SupervisedModel) -> None:
    rows, labels = rows_and_labels(2, 2000, 8, 0.1)
    scores = trained.score_batch(rows)
    assert scores[labels == 1].mean() > scores[labels == 0].mean() + 10
    assert trained.score(rows[0]) == scores[0]


def test_fit__with_a_cache__resumes_to_the_same_model(trained: SupervisedModel, tmp_path: Path) -> None:
    def break_off(what: str, _share: float) -> None:
        if what == "fold 3 of 3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(ROWS, LABELS, WALLETS, NAMES, QUICK, 7, cache=tmp_path, progress=break_off)
    done = sorted(tmp_path.iterdir())
    assert len(done) == 2
    done[1].write_bytes(b"half")
    steps: list[float] = []
    again = fit(
        ROWS, LABELS, WALLETS, NAMES, QUICK, 7, cache=tmp_path, progress=lambda _what, share: steps.append(share)
    )
    assert again.version == trained.version
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


def test_folds__any_wallets__disjoint_and_even() -> None:
    fold = folds(WALLETS, LABELS, 3, 1)
    assert all(len(set(fold[wallet == WALLETS])) == 1 for wallet in range(400))
    assert np.ptp(np.bincount(fold)) <= 12


def test_fit__what_does_not_fit__refused() -> None:
    with pytest.raises(ValueError, match="fit together"):
        fit(ROWS, LABELS[1:], WALLETS, NAMES, QUICK)
    with pytest.raises(ValueError, match="0 or 1"):
        fit(ROWS, LABELS + 1, WALLETS, NAMES, QUICK)
    with pytest.raises(ValueError, match="folds"):
        fit(ROWS, LABELS, WALLETS % 2, NAMES, QUICK)


def test_load__saved__same_scores(trained: SupervisedModel, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.safetensors")
    again = SupervisedModel.load(tmp_path / "m.safetensors", features=NAMES, expected=trained.version)
    assert (again.score_batch(ROWS) == trained.score_batch(ROWS)).all()
    assert again.training["wallets"] == "400"


def test_load__missing_altered_or_other_features__refused(trained: SupervisedModel, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="nothing"):
        SupervisedModel.load(tmp_path / "nothing", features=NAMES)
    with pytest.raises(ModelInvalid, match="other features"):
        SupervisedModel.load(trained.data, features=NAMES[::-1])
    with pytest.raises(ModelInvalid, match="altered"):
        SupervisedModel.load(trained.data[:-1] + b"\x55", features=NAMES)
    with pytest.raises(ModelInvalid, match="was expected"):
        SupervisedModel.load(trained.data, features=NAMES, expected="0x00")
    with pytest.raises(ModelInvalid, match="no PayFlow model"):
        SupervisedModel.load(b"\x80\x04\x95pickle", features=NAMES)


def test_load__unknown_schema__refused(trained: SupervisedModel) -> None:
    data = trained.data
    about = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["payflow"])
    about["schema"] = "payflow.supervised/9"
    with pytest.raises(ModelInvalid, match="supervised/9"):
        SupervisedModel.load(save(load(data), {"payflow": json.dumps(about)}), features=NAMES)
