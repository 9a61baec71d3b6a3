import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from oracle.errors import ModelInvalid, ModelMissing
from oracle.scoring import RiskModel, ScoringConfig
from oracle.scoring.model import _digest
from oracle.scoring.training import train

SHIPPED = Path("oracle/scoring/models/default.safetensors")


@pytest.fixture(scope="module")
def shipped() -> bytes:
    return SHIPPED.read_bytes()


Change = Callable[[dict[str, np.ndarray], dict[str, object]], None]


def rewritten(data: bytes, change: Change, *, sign: bool = True) -> bytes:
    """The file with arrays and description changed, and a digest that fits again."""
    about = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["payflow"])
    arrays = load(data)
    change(arrays, about)
    if sign:
        about["digest"] = _digest(arrays)
    return save(arrays, {"payflow": json.dumps(about)})


def test_default__shipped_model__small_and_named_by_its_hash(model: RiskModel, shipped: bytes) -> None:
    assert len(shipped) < 1_500_000
    assert RiskModel.load(shipped, expected=model.version).version == model.version
    assert len(model.version) == 66
    assert model.config == ScoringConfig()


def test_load__path_and_bytes__same_model(model: RiskModel, shipped: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(shipped)
    assert RiskModel.load(tmp_path / "model.safetensors").version == model.version


def test_load__no_file__names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="nothing"):
        RiskModel.load(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("data", [b"", b"abc", b"\x80\x04\x95pickle" * 9, b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}"])
def test_load__no_model_file__refused(data: bytes) -> None:
    with pytest.raises(ModelInvalid, match="no PayFlow model file"):
        RiskModel.load(data)


def test_load__other_version_expected__refused(shipped: bytes) -> None:
    with pytest.raises(ModelInvalid, match="altered"):
        RiskModel.load(shipped, expected="0x" + "00" * 32)


def test_load__one_bit_flipped_in_any_part__refused(shipped: bytes) -> None:
    start = 8 + int.from_bytes(shipped[:8], "little")
    for position in range(start + 5, len(shipped), len(shipped) // 23):
        altered = bytearray(shipped)
        altered[position] ^= 1
        with pytest.raises(ModelInvalid):
            RiskModel.load(bytes(altered))


def _set(name: str, value: object) -> Change:
    def change(_: dict[str, np.ndarray], about: dict[str, object]) -> None:
        about[name] = value

    return change


def _swap(name: str, edit: Callable[[np.ndarray], np.ndarray]) -> Change:
    def change(arrays: dict[str, np.ndarray], _: dict[str, object]) -> None:
        arrays[name] = edit(arrays[name].copy())

    return change


def _drop(arrays: dict[str, np.ndarray], _: dict[str, object]) -> None:
    del arrays["ensemble.svm.weights"]


def _first(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def edit(array: np.ndarray) -> np.ndarray:
        array.reshape(-1)[0] = value
        return array

    return edit


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_set("schema", "payflow.model/9"), "schema"),
        (_set("rules", "payflow.rules/0"), "payflow.rules/0"),
        (_set("features", ["amount"]), "other features"),
        (_set("config", "{}"), "thresholds"),
        (_set("training", None), "trained"),
        (_swap("ensemble.forest.left", _first(10**6)), "left"),
        (_swap("ensemble.forest.feature", _first(400)), "features"),
        (_swap("ensemble.svm.vectors", lambda array: array[:-1]), "support vectors"),
        (_swap("ensemble.neighbourhood.core", _first(-1)), "core points"),
        (_swap("ensemble.neighbourhood.density", lambda array: array[1:]), "densities"),
        (_swap("ensemble.autoencoder.weight1", lambda array: array[:, 1:].copy()), "layers"),
        (_swap("ensemble.autoencoder.bias0", _first(float("nan"))), "no number"),
        (_swap("scaler.values", lambda array: array[::-1].copy()), "rise"),
        (_swap("velocity.forest.threshold", lambda array: array.astype(np.float32)), "float32"),
        (_drop, "weights"),
    ],
)
def test_load__altered_and_signed_again__refused_with_the_reason(shipped: bytes, change: Change, problem: str) -> None:
    with pytest.raises(ModelInvalid, match=problem):
        RiskModel.load(rewritten(shipped, change))


def test_load__arrays_exchanged_without_a_new_digest__refused(shipped: bytes) -> None:
    with pytest.raises(ModelInvalid, match="digest"):
        RiskModel.load(rewritten(shipped, _swap("ensemble.svm.weights", _first(0.5)), sign=False))


def test_train__same_seed__same_bytes_and_usable() -> None:
    steps: list[tuple[str, float]] = []
    first = train(5, payments=4_000, progress=lambda what, share: steps.append((what, share)))
    assert train(5, payments=4_000) == first
    assert RiskModel.load(first).training == {"payments": "4000", "seed": "5", "source": "simulator"}
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_train__too_few_payments__refused() -> None:
    with pytest.raises(ValueError, match="at least 4,000"):
        train(1, payments=100)
