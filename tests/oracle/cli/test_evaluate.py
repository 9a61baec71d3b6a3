"""`payflow evaluate` as a script uses it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.evaluation.gate_tasks import write_bank

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()"]


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PAYFLOW_")}
    return subprocess.run(
        [*PAYFLOW, "evaluate", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**clean, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )


def test_evaluate__bank_in_amlsims_format__writes_tables_figures_and_a_page(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm", reason="LightGBM is not installed: pip install payflow[train]")
    bank, out = write_bank(tmp_path / "bank"), tmp_path / "results"
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- amlsim: begin -->\n<!-- amlsim: end -->\nbelow\n")
    given = ("--data", "amlsim", "--path", str(bank), "--out", str(out), "--quick", "--json", "--markdown", str(page))
    done = run(*given)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert all((out / name).is_file() for name in said["files"])
    assert {"table.csv", "table.tex", "report.html"} <= set(said["files"])
    assert any(name.startswith("figures/") for name in said["files"])
    assert (out / "cache").is_dir()
    assert (out / "summary.md").read_text().strip() in page.read_text()
    assert page.read_text().startswith("above\n")
    assert page.read_text().endswith("below\n")

    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    page.write_text("<!-- amlsim: begin -->\n<!-- amlsim: end -->\n")
    (out / "table.csv").write_text("old\n")
    refused = run(*given)  # from the cache
    assert refused.returncode == 3
    assert "report.html is a folder" in refused.stderr
    assert (out / "table.csv").read_text() == "old\n"
    assert page.read_text() == "<!-- amlsim: begin -->\n<!-- amlsim: end -->\n"


def test_evaluate__page_without_a_place__is_refused_at_once(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place\n")
    done = run("--data", "amlsim", "--out", str(tmp_path / "out"), "--markdown", str(page))
    assert done.returncode == 3
    assert "no place for amlsim" in done.stderr
    assert not (tmp_path / "out").exists()


def test_evaluate__unknown_set__is_a_configuration_error(tmp_path: Path) -> None:
    done = run("--data", "nothing", "--out", str(tmp_path))
    assert done.returncode == 3
    assert "no data set 'nothing'" in done.stderr


def test_evaluate__absent_data__names_its_source(tmp_path: Path) -> None:
    done = run("--data", "stablecoins", "--out", str(tmp_path), PAYFLOW_DATA=str(tmp_path))
    assert done.returncode == 3
    assert "eltontay/Ethereum-Fraud-Detection" in done.stderr


def test_evaluate__too_few_seeds__is_wrong_usage(tmp_path: Path) -> None:
    assert run("--data", "amlsim", "--out", str(tmp_path), "--seeds", "3").returncode == 2
