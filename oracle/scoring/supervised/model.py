"""The supervised model's file: trees and tables in safetensors, named by the hash of their bytes. Loading it executes
nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from oracle.errors import ModelInvalid, ModelMissing
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.calibration import OrdinaryRank, ProbabilityCurve
from oracle.scoring.supervised.shap import TreeShap
from oracle.scoring.supervised.trees import BoostedTrees

SCHEMA = "payflow.supervised/1"
_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class SupervisedModel:
    """Trees, what their sums mean, and what each feature adds. `version` is 0x and the SHA-256 of the file."""

    version: str
    features: tuple[str, ...]
    trees: BoostedTrees
    probability: ProbabilityCurve
    rank: OrdinaryRank
    shap: TreeShap
    training: dict[str, str]
    """What the file says of its making: seed, settings, counts, the data's hash."""
    data: bytes
    """The file itself."""

    def score(self, x: Floats) -> int:
        """The score 0–100 of one vector of shape (F,)."""
        return self.rank(self.trees.raw(x))

    def score_batch(self, rows: Floats) -> NDArray[np.int64]:
        """The scores of rows of shape (N, F), shape (N,)."""
        return self.rank.batch(self.trees.raw_batch(rows))

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_bytes(self.data)

    @classmethod
    def load(
        cls, source: Path | str | bytes, *, features: Sequence[str], expected: str | None = None
    ) -> "SupervisedModel":
        """Read a model from a path or from its bytes; `expected` is the version that it must have, and `features` are
        the names, in order, of what the caller computes.

        Raises ModelMissing, and ModelInvalid for a wrong hash, schema, feature, name, type, shape or value.
        """
        if isinstance(source, bytes):
            return _parse(source, "in memory", features, expected)
        path = Path(source)
        try:
            if path.stat().st_size > _LIMIT:
                raise ModelInvalid(path=path, problem=f"it is larger than {_LIMIT // 2**20} MiB")
            data = path.read_bytes()
        except OSError:
            raise ModelMissing(path=path) from None
        return _parse(data, path, features, expected)


def serialise(
    *,
    features: Sequence[str],
    trees: BoostedTrees,
    probability: ProbabilityCurve,
    rank: OrdinaryRank,
    training: Mapping[str, str],
) -> bytes:
    """The model file's bytes: the same parts give the same bytes."""
    arrays = {f"trees.{name}": array for name, array in trees.arrays().items()}
    arrays |= {f"probability.{name}": array for name, array in probability.arrays().items()}
    arrays |= {f"rank.{name}": array for name, array in rank.arrays().items()}
    arrays = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    about = {
        "schema": SCHEMA,
        "features": list(features),
        "digest": _digest(arrays),
        "training": dict(training),
    }
    # one key only: the writer does not fix the order of several
    return save(arrays, {"payflow": json.dumps(about, sort_keys=True, separators=(",", ":"))})


def _parse(data: bytes, path: Path | str, features: Sequence[str], expected: str | None) -> SupervisedModel:
    version = "0x" + hashlib.sha256(data).hexdigest()
    if expected is not None and version != expected:
        raise ModelInvalid(path=path, problem=f"its hash is {version} and {expected} was expected: it was altered")
    try:
        length = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["payflow"])
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ModelInvalid(path=path, problem=f"it is no PayFlow model file ({problem})") from None
    found = about.get("schema") if isinstance(about, dict) else None
    if found != SCHEMA:
        raise ModelInvalid(path=path, problem=f"its schema is {found!r} and this version reads {SCHEMA!r}")
    if about.get("features") != list(features):
        raise ModelInvalid(path=path, problem="it was trained on other features than this version computes")
    if about.get("digest") != _digest(arrays):
        raise ModelInvalid(path=path, problem="its arrays do not match its digest: it was altered")
    try:
        trees = BoostedTrees.of(_part(arrays, "trees."), len(features))
        training = {str(key): str(value) for key, value in about["training"].items()}
        return SupervisedModel(
            version=version,
            features=tuple(features),
            trees=trees,
            probability=ProbabilityCurve.of(_part(arrays, "probability.")),
            rank=OrdinaryRank.of(_part(arrays, "rank.")),
            shap=TreeShap.of(trees),
            training=training,
            data=data,
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as problem:
        raise ModelInvalid(path=path, problem=str(problem)) from None


def _part(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode("ascii"))
        digest.update(array.tobytes())
    return digest.hexdigest()
