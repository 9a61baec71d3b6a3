"""`payflow drift` as a script uses it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oracle.scoring import RiskLevel
from tests.oracle.datasets.files import write_csv

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()"]
DAY = 86_400


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*PAYFLOW, "drift", *arguments], capture_output=True, text=True, timeout=120)


def written(path: Path, share: float) -> str:
    """A backtest of 60 days, of whose last 30 a `share` of payments is held."""
    dice = np.random.default_rng(1)
    rows = [
        (day * DAY + at, 70 if day >= 30 and dice.random() < share else 10) for day in range(60) for at in range(40)
    ]
    return str(write_csv(path, ("time", "score"), rows))


@pytest.mark.parametrize(("share", "code"), [(0.0, 0), (0.3, 1)])
def test_drift__exit_code__says_whether_the_promise_is_kept(tmp_path: Path, share: float, code: int) -> None:
    done = run(written(tmp_path / "scores.csv", share), "--from", "61", "--rate", "0.02", "--json")
    assert done.returncode == code, done.stderr
    said = json.loads(done.stdout)
    assert said["kept"] == (code == 0)
    assert (said["raised"] or "1970-01-31") >= "1970-01-31"


def test_drift__broken_promise__is_said_with_its_day_and_what_to_do(tmp_path: Path) -> None:
    done = run(written(tmp_path / "scores.csv", 0.3))
    assert done.returncode == 1
    assert "The promise is broken, as the period from 1970-0" in done.stdout
    assert "calibrate or train anew" in " ".join(done.stdout.split())


def test_drift__file_without_scores__is_a_configuration_error(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "none.csv", ("time", "verdict"), [(1, 1)])
    done = run(str(path))
    assert done.returncode == 3
    assert "column score" in done.stderr


def test_drift__all_first_payments_at_the_highest_score__fails_and_names_the_way_out(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "scores.csv", ("time", "score"), [(at, 100) for at in range(1_500)])
    done = run(str(path))
    assert done.returncode == 3
    assert "--from" in done.stderr
    assert run(str(path), "--rate", "0.5", "--reference", "100").returncode == 3


def test_drift__fewer_payments_than_set_the_score__says_how_many_it_takes(tmp_path: Path) -> None:
    done = run(str(write_csv(tmp_path / "scores.csv", ("time", "score"), [(1, 100)] * 5)))
    assert done.returncode == 0, done.stderr
    assert "Nothing follows yet: the first 1,000 payments set the score" in " ".join(done.stdout.split())
    assert "None" not in done.stdout


def test_page__queries_by_level__name_levels_as_the_nodes_metrics_do() -> None:
    page = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    named = re.findall(r'payflow_payments_scored_total\{level!?="(.*?)"\}', page)
    assert named
    assert set(named) <= {level.name.lower() for level in RiskLevel}  # as the journal's rows have them
