"""The demo itself, in full, on a chain of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from oracle.demo.script import ORDINARY, simulated_script
from oracle.scoring import Alert

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()"]


def test_script__default_story__has_every_alert_type() -> None:
    acts = simulated_script(11, 400, until=1_700_000_000).acts
    truths = {act.truth for act in acts}
    assert {alert.name for alert in Alert} <= truths
    assert [act.time for act in acts] == sorted(act.time for act in acts)
    assert sum(act.instant for act in acts) >= 10
    assert all(act.truth == ORDINARY for act in acts if act.instant)


def test_demo__node_killed_half_way__everything_settles_exactly_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PAYFLOW, "demo", "--payments", "400", "--pace", "60", "--kill-node", "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["problems"] == []
    assert summary["sums_match"]
    assert summary["payments"] >= 400
    assert summary["actions"]["node killed and restarted"] == 1
    for action in ("instant payments", "cancelled by the payer", "rejected by the reviewer"):
        assert summary["actions"][action] >= 1
    for alert in Alert:
        assert alert.name in summary["groups"], f"no payment of {alert.name}"
    assert summary["outcomes"]["SAFE"]["settled"] > 100
    assert summary["outcomes"]["CRITICAL"]["blocked"] >= 1
    assert list(tmp_path.iterdir()) == []


def test_demo__terminated__leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PAYFLOW, "demo", "--pace", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    ports = []
    for line in process.stdout:
        ports += re.findall(r"http://127\.0\.0\.1:(\d+)", line)
        if line.startswith("Node"):
            break
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(30) != 0
    assert list(tmp_path.iterdir()) == []
    listening = Path("/proc/net/tcp")
    if listening.exists():
        open_ports = {
            line.split()[1].split(":")[1] for line in listening.read_text().splitlines()[1:] if " 0A " in line
        }
        assert not open_ports & {f"{int(port):04X}" for port in ports}


def test_demo_real__without_the_data__says_where_to_get_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PAYFLOW, "demo", "--real"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PAYFLOW_DATA": str(tmp_path)},
    )
    assert done.returncode == 3
    assert "PAYFLOW_DATA" in done.stderr
