"""The model file: arrays and thresholds in safetensors, named by the hash of their bytes. Loading it executes
nothing."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from oracle.errors import ModelInvalid, ModelMissing
from oracle.scoring.config import ScoringConfig
from oracle.scoring.ensemble import AnomalyEnsemble, Channel, Forest, RankCurve, Scaler
from oracle.scoring.ensemble.scaling import pack, unpack
from oracle.scoring.features import FEATURES, VELOCITY_FEATURES
from oracle.scoring.stream import FEATURES as STREAM_FEATURES
from oracle.scoring.supervised import SupervisedModel
from oracle.scoring.types import RULES

SCHEMA = "payflow.model/2"
_DEFAULT = "default.safetensors"
_PIN = "default.sha256"
_SUPERVISED = "supervised.file"
_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class RiskModel:
    """Everything learned and every threshold. `version` is 0x and the SHA-256 of the file, which goes on chain."""

    version: str
    config: ScoringConfig
    scaler: Scaler
    velocity_forest: Forest
    velocity_curve: RankCurve
    channels: tuple[Channel, ...]
    training: dict[str, str]
    """What the file says of its making: seeds and counts."""
    supervised: SupervisedModel | None = None
    """The model that learned from labels; a file may do without."""

    @classmethod
    def load(cls, source: Path | str | bytes, *, expected: str | None = None) -> "RiskModel":
        """Read a model from a path or from its bytes; `expected` is the version that it must have.

        Raises ModelMissing, and ModelInvalid for a wrong hash, schema, name, type, shape or value.
        """
        if isinstance(source, bytes):
            return _parse(source, "in memory", expected)
        path = Path(source)
        try:
            if path.stat().st_size > _LIMIT:
                raise ModelInvalid(path=path, problem=f"it is larger than {_LIMIT // 2**20} MiB")
            data = path.read_bytes()
        except OSError:
            raise ModelMissing(path=path) from None
        return _parse(data, path, expected)

    @classmethod
    def default(cls) -> "RiskModel":
        """The model that ships with PayFlow, checked against the version that ships beside it."""
        folder = resources.files("oracle.scoring") / "models"
        try:
            data = (folder / _DEFAULT).read_bytes()
            pin = (folder / _PIN).read_text("ascii").strip()
        except OSError:
            raise ModelMissing(path=f"oracle/scoring/models/{_DEFAULT}") from None
        return _parse(data, f"oracle/scoring/models/{_DEFAULT}", pin)


def version_of(data: bytes) -> str:
    """0x and the SHA-256 of a model file's bytes."""
    return "0x" + hashlib.sha256(data).hexdigest()


def serialise(
    *,
    config: ScoringConfig,
    scaler: Scaler,
    velocity_forest: Forest,
    velocity_curve: RankCurve,
    ensemble: AnomalyEnsemble,
    training: dict[str, str],
    supervised: bytes | None = None,
) -> bytes:
    """The model file's bytes: the same parts give the same bytes. `supervised`: a supervised model's file."""
    arrays = {f"scaler.{name}": array for name, array in pack(scaler.curves).items()}
    arrays |= {f"velocity.forest.{name}": array for name, array in velocity_forest.arrays().items()}
    arrays |= {f"velocity.curve.{name}": array for name, array in pack((velocity_curve,)).items()}
    arrays |= {f"ensemble.{name}": array for name, array in ensemble.arrays().items()}
    if supervised is not None:
        arrays[_SUPERVISED] = np.frombuffer(supervised, np.uint8)
    arrays = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    about = {
        "schema": SCHEMA,
        "rules": RULES,
        "features": list(FEATURES),
        "config": config.to_json(),
        "digest": _digest(arrays),
        "training": training,
    }
    # one key only: the writer does not fix the order of several
    return save(arrays, {"payflow": json.dumps(about, sort_keys=True, separators=(",", ":"))})


def _parse(data: bytes, path: Path | str, expected: str | None) -> RiskModel:
    version = version_of(data)
    if expected is not None and version != expected:
        raise ModelInvalid(path=path, problem=f"its hash is {version} and {expected} was expected: it was altered")
    try:
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        about = json.loads(header["__metadata__"]["payflow"])
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ModelInvalid(path=path, problem=f"it is no PayFlow model file ({problem})") from None
    if not isinstance(about, dict) or about.get("schema") != SCHEMA:
        found = about.get("schema") if isinstance(about, dict) else None
        raise ModelInvalid(path=path, problem=f"its schema is {found!r} and this version reads {SCHEMA!r}")
    if about.get("rules") != RULES:
        raise ModelInvalid(path=path, problem=f"it was made for {about.get('rules')!r} and this version has {RULES!r}")
    if about.get("features") != list(FEATURES):
        raise ModelInvalid(path=path, problem="it was trained on other features than this version computes")
    if about.get("digest") != _digest(arrays):
        raise ModelInvalid(path=path, problem="its arrays do not match its digest: it was altered")
    try:
        return _build(version, about, arrays)
    except (ValueError, KeyError, IndexError, TypeError) as problem:
        raise ModelInvalid(path=path, problem=str(problem)) from None


def _build(version: str, about: dict[str, object], arrays: dict[str, np.ndarray]) -> RiskModel:
    supervised = _supervised(arrays.pop(_SUPERVISED, None))
    for name, array in arrays.items():
        if array.dtype not in (np.float64, np.int32) or not array.size:
            raise ValueError(f"array {name} has type {array.dtype} and shape {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"array {name} holds a value that is no number")
    scaler = Scaler(unpack(_part(arrays, "scaler.")))
    if len(scaler.curves) != len(FEATURES):
        raise ValueError(f"{len(scaler.curves)} features are scaled instead of {len(FEATURES)}")
    training = about["training"]
    if not isinstance(training, dict):
        raise TypeError("it does not say how it was trained")
    return RiskModel(
        version=version,
        config=ScoringConfig.from_json(str(about["config"])),
        scaler=scaler,
        velocity_forest=Forest.of(_part(arrays, "velocity.forest."), len(VELOCITY_FEATURES)),
        velocity_curve=unpack(_part(arrays, "velocity.curve."))[0],
        channels=(AnomalyEnsemble.of(_part(arrays, "ensemble."), len(FEATURES)),),
        training={str(key): str(value) for key, value in training.items()},
        supervised=supervised,
    )


def _supervised(file: np.ndarray | None) -> SupervisedModel | None:
    if file is None:
        return None
    if file.dtype != np.uint8 or file.ndim != 1:
        raise ValueError(f"the supervised model has type {file.dtype} and shape {file.shape}")
    return SupervisedModel.load(file.tobytes(), features=[one.name for one in STREAM_FEATURES])


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _digest(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode("ascii"))
        digest.update(array.tobytes())
    return digest.hexdigest()
