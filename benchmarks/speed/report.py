"""The figures in docs/speed.md, between its markers, and docs/speed.svg: all of them from one run."""

from pathlib import Path

from benchmarks.pages import DOCS, renew
from benchmarks.speed.machine import Figures
from benchmarks.speed.plot import draw

LIBRARIES = ("scikit-learn", "pyod", "river")
OWN = {
    "IsolationForest": "Isolation Forest",
    "IForest": "Isolation Forest",
    "OneClassSVM": "One-Class SVM",
    "LocalOutlierFactor": "LOF and DBSCAN",
    "MLPRegressor": "autoencoder",
}
"""PayFlow's detector of the same kind, by the first word of the other's name."""
UNDISTURBED = 0.97
NOT_RUN = ["Not measured in this run."]


def write(results: Figures, docs: Path = DOCS) -> None:
    """Both files in `docs`; what did not run is said to be missing. Raises ValueError where the page has no markers."""
    renew(docs / "speed.md", "figures", _figures(results))
    if any(name.startswith("growth") for name in results):
        draw(results, docs / "speed.svg")


def _figures(results: Figures) -> list[str]:
    sections = {
        "The run": _run(results),
        "Goals": _goals(results),
        "One payment": _steps(results.get("ours")),
        "Beside other libraries": _beside(results),
        "The node over HTTP": _serving(results.get("serving")),
        "Backtests": _backtests(results),
        "The state of the stream": _state(results.get("state")),
        "Growth": _growth(results),
        "Parts of the run": _parts(results),
    }
    lines = [line for title, body in sections.items() for line in (f"## {title}", "", *body, "")]
    return lines[:-1]


def _run(results: Figures) -> list[str]:
    about, settings = results["machine"], results["settings"]
    loads = [part["load_before"][0] for part in _ran(results).values()]
    lines = [
        (
            f"{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, {about['system']}, Python"
            f" {about['python']}. {settings['payments']:,} simulated payments; growth to {settings['most']:,}."
        ),
    ]
    if loads:
        found = f"{min(loads)} to {max(loads)}"
        lines.append(f"The load average of one minute was {found} when parts began, their own load in it.")
    if "ours" in results:
        share, model = results["ours"]["computing_share"], results["ours"]["model"]
        lines.append(f"Model `{model}`. PayFlow's steps had a core for {share:.0%} of their time.")
        if share < UNDISTURBED:
            lines.append(
                "**Other work ran on the machine, so that times are upper limits;** ratios within the run say more."
            )
    if again := results.get("again"):
        lines.append(f"Measured again after that run, on the same machine: {', '.join(again)}.")
    return lines


def _goals(results: Figures) -> list[str]:
    ours, rate = results.get("ours", {}), results["settings"]["rate"]
    served = results.get("serving", {}).get(f"at_{rate}_per_s", {})
    score, explained = ours.get("steps", {}).get("score", {}), ours.get("explained", {})
    fast = [part["per_s"] for name, part in results.items() if name.startswith("backtest stream")]
    full = [part["per_s"] for name, part in results.items() if name.startswith("backtest engine")]
    beside = f"; by the full engine {min(full):,}" if full else ""
    live = f"{results['state']['edges']:,} live edges" if "state" in results else ""
    graph, windows = (results.get("state", {}).get(name, {}) for name in ("graph", "windows"))
    rows = (
        ("features, graph, lists, models and score of a payment, p50", "≤", 1.5, " ms", score.get("p50_ms")),
        ("the same, p99", "≤", 5, " ms", score.get("p99_ms")),
        ("with explanation, p99", "≤", 8, " ms", explained.get("p99_ms")),
        (f"HTTP `/oracle-format`, signed, at {rate} requests a second, p99", "≤", 15, " ms", served.get("p99_ms")),
        ("payments scored and signed a second, one process", "≥", 1_500, "", ours.get("scored_and_signed_per_s")),
        ("the same, approved payments only", "≥", 1_500, "", ours.get("scored_and_signed_approved_per_s")),
        (
            f"backtest by the supervised model alone (`--fast`), payments a second{beside}",
            "≥",
            20_000,
            "",
            min(fast, default=None),
        ),
        (f"graph of payments, one update at {live}, p99", "≤", 100, " µs", graph.get("update_p99_us")),
        ("the same between the 50 busiest wallets", "≤", 100, " µs", graph.get("busiest_update_p99_us")),
        (f"windows of wallets and pairs, one update at {live}, p99", "≤", 100, " µs", windows.get("update_p99_us")),
        ("graph of payments, bytes a wallet", "<", 2_048, "", graph.get("bytes_per_live_wallet")),
        ("windows of wallets and pairs, bytes a wallet", "<", 2_048, "", windows.get("bytes_per_live_wallet")),
    )
    lines = ["| | goal | measured | met |", "|---|---|---|---|"]
    for name, sign, goal, unit, value in rows:
        if value is not None:
            met = {"≤": value <= goal, "≥": value >= goal, "<": value < goal}[sign]
            lines.append(f"| {name} | {sign} {goal:,}{unit} | {value:,.5g}{unit} | {'yes' if met else '**no**'} |")
    if each := _bytes_a_wallet(results):
        mark, size = list(each.items())[-1]
        lines.append(f"| the whole engine after {int(mark):,} payments, bytes a wallet | no goal | {size:,} | |")
    return lines


def _bytes_a_wallet(results: Figures) -> dict[str, int]:
    """Memory of the whole engine by mark, for each wallet that took part up to there."""
    wallets, engine = results.get("prepare", {}).get("wallets", {}), results.get("growth engine", {})
    return {mark: round(engine[mark]["memory_mib"] * 2**20 / wallets[mark]) for mark in engine if mark in wallets}


def _steps(ours: Figures | None) -> list[str]:
    if ours is None:
        return NOT_RUN
    steps = ours["steps"]
    rows = (
        ("score with its reasons", steps["score"]),
        ("score with its reasons, CPU time", steps["score_cpu"]),
        ("score with its reasons, payments up to LOW", ours["score_approved"]),
        ("and the smaller amount that would have meant less (from MEDIUM on)", steps["assess"]),
        ("evidence document and its hash", steps["evidence"]),
        ("**all of these: with explanation**", ours["explained"]),
        ("with explanation, CPU time", ours["explained_cpu"]),
        ("with explanation, payments up to LOW", ours["explained_approved"]),
        ("with explanation, payments from MEDIUM on", ours["explained_flagged"]),
        ("observe", steps["observe"]),
        ("sign", steps["sign"]),
        ("within the score: stream features of both parties", steps["stream features"]),
        ("within the score: trees for both parties", steps["trees"]),
        ("within the reasons, where the model adds points: Shapley values", steps["Shapley values"]),
    )
    return [
        (
            f"{ours['approved_share']:.0%} of the stream's payments score up to LOW; the others are mostly frauds that"
            " were put in."
        ),
        "",
        "| | p50 ms | p99 ms | largest ms |",
        "|---|---|---|---|",
        *(f"| {name} | {one['p50_ms']} | {one['p99_ms']} | {one['max_ms']} |" for name, one in rows),
    ]


def _beside(results: Figures) -> list[str]:
    ours = results.get("ours")
    if ours is None:
        return NOT_RUN
    whole, own = ours["steps"]["score"], ours["detectors"]
    lines = [
        (
            "| | p50 ms | p99 ms | times PayFlow's whole score | times PayFlow's own of its kind | in a batch, µs a row"
            " | memory of the part, MiB |"
        ),
        "|---|---|---|---|---|---|---|",
        f"| PayFlow: whole score | {whole['p50_ms']} | {whole['p99_ms']} | 1 | | | {ours['memory_mib']} |",
    ]
    for name, one in own.items():
        share = one["p50_ms"] / whole["p50_ms"]
        lines.append(f"| PayFlow: {name} | {one['p50_ms']} | {one['p99_ms']} | {share:.2f} | 1 | | |")
    for library in LIBRARIES:
        part = results.get(library, {"detectors": {}})
        for name, one in part["detectors"].items():
            kind = OWN.get(name.split(" ")[0].rstrip(","))
            times = f"{one['p50_ms'] / own[kind]['p50_ms']:.1f}" if kind else ""
            lines.append(
                f"| {library} {part['version']}: {name} | {one['p50_ms']} | {one['p99_ms']}"
                f" | {one['p50_ms'] / whole['p50_ms']:.2f} | {times} | {one['batch_us']} | {part['memory_mib']} |"
            )
    return lines


def _serving(part: Figures | None) -> list[str]:
    if part is None:
        return NOT_RUN
    lines = ["| asked | answered a second | p50 ms | p99 ms | failed | load average |", "|---|---|---|---|---|---|"]
    for name, one in part.items():
        if isinstance(one, dict) and "answered_per_s" in one:
            shown = name.replace("_", " ").replace("at ", "").replace(" per s", " a second")
            shown = shown.replace("saturated", "as much as 8 connections get")
            figures = (one["answered_per_s"], one.get("p50_ms"), one.get("p99_ms"), one["failed"], one["load"])
            lines.append(f"| {shown} | " + " | ".join(str(value) for value in figures) + " |")
    held, after = part["node_memory_mib"], part["node_memory_after_mib"]
    mixed = ", ".join(f"{count} {level}" for level, count in part.get("levels", {}).items()) or "not said"
    about = f"Different payments asked about in turn, by their level: {mixed}."
    return [*lines, "", f"{about} The node held {held} MiB before and {after} MiB after."]


def _backtests(results: Figures) -> list[str]:
    parts = {name: part for name, part in results.items() if "backtest" in name}
    if not parts:
        return NOT_RUN
    lines = [
        "| | rows | rows a second | of CPU time | goes on, rows a second | same file afterwards | memory, MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, part in parts.items():
        on, same = "", ""
        if "resumed_equal" in part:
            on, same = f"{part['resumed_rows_per_s']:,}", "yes" if part["resumed_equal"] else "**no**"
        shown = " ".join(name.split(" ")[:-1])
        speed = f"{part['per_s']:,} | {part['per_cpu_s']:,}"
        lines.append(f"| {shown} | {part['rows']:,} | {speed} | {on} | {same} | {part['memory_mib']:,} |")
    pairs = [
        (parts[name.removeprefix("two threads: ")], part)
        for name, part in parts.items()
        if name.startswith("two") and name.removeprefix("two threads: ") in parts
    ]
    if pairs:
        equal = all(one["sha256"] == two["sha256"] for one, two in pairs)
        lines += ["", f"With one and with two threads the files are {'the same bytes' if equal else '**different**'}."]
    return lines


def _state(part: Figures | None) -> list[str]:
    if part is None:
        return NOT_RUN
    graph, windows = part["graph"], part["windows"]
    lines = ["| µs at {:,} live edges | p50 | p99 |".format(part["edges"]), "|---|---|---|"]
    for name, of, key in (
        ("graph: look", graph, "look"),
        ("graph: update (look and remember)", graph, "update"),
        ("graph: look, between the 50 busiest wallets", graph, "busiest_look"),
        ("graph: update, between the 50 busiest wallets", graph, "busiest_update"),
        ("windows: features of both parties", windows, "features"),
        ("windows: remember", windows, "observe"),
        ("windows: update (both)", windows, "update"),
    ):
        lines.append(f"| {name} | {of[f'{key}_p50_us']:.1f} | {of[f'{key}_p99_us']:.1f} |")
    each = [of["bytes_per_live_wallet"] for of in (graph, windows)]
    return [
        *lines,
        "",
        f"A wallet costs {each[0]:,.0f} bytes in the graph, {each[1]:,.0f} in the windows, {sum(each):,.0f} in both.",
    ]


def _growth(results: Figures) -> list[str]:
    engine, stream = results.get("growth engine", {}), results.get("growth stream", {})
    if not engine and not stream:
        return NOT_RUN
    lines = [
        (
            "| payments remembered | engine, p50 / p99 ms | remembers a second | memory, MiB | bytes a wallet"
            " | features and trees, p50 / p99 ms | remembers a second | memory, MiB |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    each = _bytes_a_wallet(results)
    for mark in (key for key in engine if key.isdigit() and key in stream):
        whole, few = (
            f"{one['p50_ms']} / {one['p99_ms']} | {one['remembered_per_s']:,} | {one['memory_mib']:,}"
            for one in (engine[mark], stream[mark])
        )
        size = f"{each[mark]:,}" if mark in each else ""
        lines.append(f"| {int(mark):,} | {whole} | {size} | {few} |")
    lines += ["", "| p50 ms a row, fitted on | 10,000 | 100,000 | 1,000,000 |", "|---|---|---|---|"]
    for library in LIBRARIES:
        for name, points in results.get(f"growth {library}", {}).items():
            if isinstance(points, dict):
                shown = (str(points.get(size, "not fitted")) for size in ("10000", "100000", "1000000"))
                lines.append(f"| {library}: {name} | " + " | ".join(shown) + " |")
    return lines


def _parts(results: Figures) -> list[str]:
    return [
        "| part | seconds | CPU seconds | load average before | after | memory at its start and at most, MiB |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {part['took_s']} | {part['cpu_s']} | {part['load_before'][0]} | {part['load_after'][0]}"
            f" | {part['start_mib']}, {part['peak_mib']} |"
            for name, part in _ran(results).items()
        ),
    ]


def _ran(results: Figures) -> dict[str, Figures]:
    return {name: part for name, part in results.items() if "load_before" in part}
