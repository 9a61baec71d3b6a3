"""`payflow backtest` as a person uses it: a process that may be killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oracle.backtest import SimulatedSource, StreamJudge, backtest
from oracle.cli import main
from oracle.scoring import RiskModel
from oracle.scoring.ensemble import AnomalyEnsemble
from oracle.scoring.model import serialise
from tests.oracle.datasets.files import address, write_csv

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()", "backtest"]
SIMULATED = ("simulated", "--payments", "2000", "--seed", "4")


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PAYFLOW_")}
    return subprocess.Popen(
        [*PAYFLOW, *arguments], cwd=folder, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    done = run(folder, *SIMULATED, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 2_000
    return (folder / "backtest-simulated.csv").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_command__interrupted_and_called_again__ends_with_the_same_file(
    number: signal.Signals, whole: bytes, tmp_path: Path
) -> None:
    process = start(tmp_path, *SIMULATED)
    partial, deadline = tmp_path / "backtest-simulated.csv.partial", time.monotonic() + 60
    while not partial.exists() or partial.stat().st_size < 100_000:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert not (tmp_path / "backtest-simulated.csv").exists()
    if number is signal.SIGINT:
        assert process.returncode == 130
        assert "The same command goes on" in err
        assert partial.read_bytes().endswith(b"\n")
    done = run(tmp_path, *SIMULATED)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "backtest-simulated.csv").read_bytes() == whole


def test_command__fast__writes_what_the_shipped_supervised_model_says(tmp_path: Path) -> None:
    done = run(tmp_path, "simulated", "--payments", "1500", "--seed", "4", "--fast")
    assert done.returncode == 0, done.stderr
    model = RiskModel.default().supervised
    assert model is not None
    backtest(SimulatedSource(4, 1_500), StreamJudge(model), tmp_path / "direct.csv")
    assert (tmp_path / "backtest-simulated-fast.csv").read_bytes() == (tmp_path / "direct.csv").read_bytes()


def test_command__fast_with_a_model_that_learned_from_no_labels__says_what_to_change(tmp_path: Path) -> None:
    whole, file = RiskModel.default(), tmp_path / "bare.safetensors"
    ensemble = whole.channels[0]
    assert isinstance(ensemble, AnomalyEnsemble)
    file.write_bytes(
        serialise(
            config=whole.config,
            scaler=whole.scaler,
            velocity_forest=whole.velocity_forest,
            velocity_curve=whole.velocity_curve,
            ensemble=ensemble,
            training=whole.training,
        )
    )
    done = run(tmp_path, "simulated", "--fast", "--model", str(file))
    assert done.returncode == 3
    assert "holds no supervised model" in done.stderr


def test_command__brackets_in_the_data__are_shown_as_they_stand(tmp_path: Path) -> None:
    payments = (1_600_000_000, address(4096), address(2), address(3), 5_000_000, 6, "[/kind]")
    columns = ("time", "sender", "recipient", "token", "amount", "decimals", "kind")
    write_csv(tmp_path / "mine.csv", columns, [payments])
    write_csv(tmp_path / "lists.csv", ("address", "kind", "note"), [(address(4096), "scam", "see [/b] and [red]")])
    given = ("payments", "--path", "mine.csv", "--lists", "lists.csv", "--out", "[/out].csv")
    done = run(tmp_path, *given)
    assert done.returncode == 0, done.stderr
    shown = "".join(done.stdout.split())
    assert all(one in shown for one in ("kind[/kind]", "see[/b]and[red]", "[/out].csv:1payments"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("payments",), "--path"),
        (("simulated", "--fast", "--lists", "x.csv"), "leave out --lists"),
        (("simulated", "--model", "x.safetensors"), "x.safetensors"),
        (("nothing",), "no data set 'nothing'"),
        (("simulated", "--path", "x.csv"), "leave out --path"),
        (("simulated", "--payments", "5"), "--payments"),
    ],
)
def test_command__that_cannot_run__says_what_to_change(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["payflow", "backtest", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 3
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
