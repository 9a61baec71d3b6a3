"""What all parts share: percentiles, memory, the machine, and the payments that everybody gets."""

import os
import platform
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oracle.scoring import RiskModel
from oracle.scoring.ensemble import AnomalyEnsemble
from oracle.scoring.supervised import SupervisedModel

SEED = 9_001
FOLDER = Path(".build") / "bench"
VECTORS = FOLDER / "vectors.npy"
PAYMENTS = FOLDER / "payments.csv"

MARKS = (10_000, 31_623, 100_000, 316_228, 1_000_000)
"""Payments after which growth is measured."""

Figures = dict[str, Any]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the largest, in milliseconds."""
    p50, p99 = np.quantile(seconds, (0.5, 0.99))
    return {"p50_ms": round(p50 * 1e3, 4), "p99_ms": round(p99 * 1e3, 4), "max_ms": round(max(seconds) * 1e3, 3)}


def timed(call: Callable[[Any], object], arguments: Sequence[Any], *, warm_up: int = 3) -> dict[str, float]:
    """Percentiles of one call each, after `warm_up` calls that do not count."""
    for argument in arguments[:warm_up]:
        call(argument)
    spent = []
    for argument in arguments:
        start = time.perf_counter()
        call(argument)
        spent.append(time.perf_counter() - start)
    return percentiles(spent)


def resident(pid: int | str = "self") -> float:
    """Memory of a process now, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def peak() -> float:
    """The most that this process ever held, MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def load() -> list[float]:
    """Load averages of 1, 5 and 15 minutes."""
    return [round(one, 2) for one in os.getloadavg()]


def machine() -> Figures:
    """Processor, cores, memory, system and Python."""
    processors = _values("/proc/cpuinfo", "model name")
    memory = _values("/proc/meminfo", "MemTotal")
    return {
        "processor": processors[0] if processors else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[0].split()[0]) / 2**20) if memory else 0,
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


def ensemble() -> AnomalyEnsemble:
    """The detectors of the model that ships."""
    found = RiskModel.default().channels[0]
    assert isinstance(found, AnomalyEnsemble)
    return found


def supervised() -> SupervisedModel:
    """The supervised model that ships."""
    found = RiskModel.default().supervised
    assert found is not None
    return found


def _values(path: str, name: str) -> list[str]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [line.partition(":")[2].strip() for line in lines if line.startswith(name)]
