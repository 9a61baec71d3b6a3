"""What `make bench` writes into docs/speed.md."""

from pathlib import Path

from benchmarks.speed.report import write

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
MACHINE = {"processor": "one", "cores": 2, "memory_gib": 4, "system": "Linux 6", "python": "3.11.7"}
SETTINGS = {"payments": 10_000, "most": 1_000_000, "rate": 500}


def replay(per_second: int) -> dict[str, object]:
    measured = {"rows": 1_000, "per_s": per_second, "per_cpu_s": per_second, "memory_mib": 9.0, "sha256": "00"}
    part = {"took_s": 1.0, "cpu_s": 1.0, "start_mib": 1.0, "peak_mib": 2.0, "load_before": [0.5], "load_after": [1.5]}
    return {**measured, **part}


def written(folder: Path, **parts: object) -> str:
    (folder / "speed.md").write_text(f"# Speed\n\nby hand\n\n{BEGIN}\nold figures\n{END}\nafter\n", "utf-8")
    write({"machine": MACHINE, "settings": SETTINGS, **parts}, folder)
    return (folder / "speed.md").read_text("utf-8")


def test_report__of_a_run_without_parts__keeps_what_is_outside_the_markers_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    page = written(tmp_path)
    assert page.startswith(f"# Speed\n\nby hand\n\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old figures" not in page
    assert page.count("Not measured in this run.") == 6


def test_report__of_a_goal_that_is_missed__says_so_with_machine_and_load(tmp_path: Path) -> None:
    page = written(tmp_path, **{"backtest stream 1000": replay(19_999), "two threads: backtest stream 1000": replay(1)})
    assert "| ≥ 20,000 | 19,999 | **no** |" in page
    assert "one, 2 cores, 4 GiB, Linux 6, Python 3.11.7" in page
    assert "load average of one minute was 0.5 to 0.5" in page
    assert "the same bytes" in page
    assert "| ≥ 20,000 | 20,000 | yes |" in written(tmp_path, **{"backtest stream 1000": replay(20_000)})


def test_report__of_the_same_growth__draws_the_same_bytes(tmp_path: Path) -> None:
    point = {"p50_ms": 1.0, "p99_ms": 2.0, "memory_mib": 3.0, "remembered_per_s": 4}
    parts = {f"growth {kind}": {"10000": point, "100000": point} for kind in ("engine", "stream")}
    first = written(tmp_path, **parts), (tmp_path / "speed.svg").read_bytes()
    assert (written(tmp_path, **parts), (tmp_path / "speed.svg").read_bytes()) == first
    assert "| 100,000 | 1.0 / 2.0 | 4 | 3.0 |  | 1.0 / 2.0 | 4 | 3.0 |" in first[0]
    wallets = {"prepare": {"wallets": {"10000": 1, "100000": 1024}}}
    page = written(tmp_path, **parts, **wallets)
    assert "| 100,000 | 1.0 / 2.0 | 4 | 3.0 | 3,072 | 1.0 / 2.0 | 4 | 3.0 |" in page
    assert "| the whole engine after 100,000 payments, bytes a wallet | no goal | 3,072 | |" in page


def test_report__of_the_streams_state__holds_updates_and_wallets_against_their_goals(tmp_path: Path) -> None:
    names = ("look", "update", "busiest_look", "busiest_update", "features", "observe")
    times = {f"{name}_{point}_us": value for name in names for point, value in (("p50", 30.0), ("p99", 100.0))}
    graph = {**times, "busiest_update_p99_us": 100.1, "bytes_per_live_wallet": 2_047}
    state = {"edges": 1_000_000, "graph": graph, "windows": {**times, "bytes_per_live_wallet": 2_048.0}}
    page = written(tmp_path, state=state, **{"backtest stream 1000": replay(1), "backtest engine 9": replay(1_513)})
    assert "| graph of payments, one update at 1,000,000 live edges, p99 | ≤ 100 µs | 100 µs | yes |" in page
    assert "| the same between the 50 busiest wallets | ≤ 100 µs | 100.1 µs | **no** |" in page
    assert "| graph of payments, bytes a wallet | < 2,048 | 2,047 | yes |" in page
    assert "| windows of wallets and pairs, bytes a wallet | < 2,048 | 2,048 | **no** |" in page
    assert "supervised model alone (`--fast`), payments a second; by the full engine 1,513 |" in page
    assert "4,095 in both" in page


def test_report__of_the_node_over_http__says_what_was_asked_about(tmp_path: Path) -> None:
    run = {"answered_per_s": 500.0, "failed": 0, "p50_ms": 2.0, "p99_ms": 15.5, "load": 0.5}
    serving = {
        "levels": {"SAFE": 56, "MEDIUM": 8},
        "at_500_per_s": run,
        "node_memory_mib": 1,
        "node_memory_after_mib": 2,
    }
    page = written(tmp_path, serving=serving)
    assert "| 500 a second | 500.0 | 2.0 | 15.5 | 0 | 0.5 |" in page
    assert "56 SAFE, 8 MEDIUM" in page
    assert "at 500 requests a second, p99 | ≤ 15 ms | 15.5 ms | **no** |" in page
