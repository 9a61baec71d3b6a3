import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.scoring.replay import digest

SEED, PAYMENTS = 77, 1_200


@pytest.fixture(scope="module")
def expected() -> str:
    return digest(SEED, PAYMENTS)


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        # numpy without any of the vector instructions that it would pick for this CPU
        {"PYTHONHASHSEED": "1", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX"},
        # loops compiled for the oldest processor of this family
        {"PYTHONHASHSEED": "2", "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    ],
)
def test_replay__other_hash_seed_threads_and_vector_unit__same_bytes(
    expected: str, environment: dict[str, str], tmp_path: Path
) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.oracle.scoring.replay", str(SEED), str(PAYMENTS)],
        env=os.environ | ({"NUMBA_CACHE_DIR": str(tmp_path)} if "NUMBA_CPU_NAME" in environment else {}) | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert result.stdout == expected


def test_replay__twice_in_one_process__same_bytes(expected: str) -> None:
    assert digest(SEED, PAYMENTS) == expected
