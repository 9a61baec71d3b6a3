"""docs/speed.svg: how cost and memory grow with the number of payments."""

from pathlib import Path

import matplotlib
from matplotlib import pyplot as plt

from benchmarks.speed.machine import Figures

OURS = {"engine": ("#1f4e79", "PayFlow: whole engine"), "stream": ("#2e8b57", "PayFlow: features and trees")}
DASHES = {"scikit-learn": "--", "pyod": ":", "river": "-."}


def draw(results: Figures, path: Path) -> None:
    """Time and memory from 10^4 payments on; the same figures give the same file."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "payflow"
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5.6), layout="constrained")
    for kind, (colour, name) in OURS.items():
        part = {int(key): one for key, one in results.get(f"growth {kind}", {}).items() if key.isdigit()}
        if part:
            p50, p99, memory = ([one[what] for one in part.values()] for what in ("p50_ms", "p99_ms", "memory_mib"))
            left.plot(list(part), p50, marker="o", color=colour, linewidth=2, label=f"{name}, p50")
            left.plot(list(part), p99, marker="^", color=colour, linewidth=1, linestyle="--", label=f"{name}, p99")
            right.plot(list(part), memory, marker="o", color=colour, linewidth=2, label=name)
    for library, dash in DASHES.items():
        for name, points in results.get(f"growth {library}", {}).items():
            if isinstance(points, dict):
                sizes = [int(size) for size in points]
                left.plot(sizes, list(points.values()), dash, marker=".", label=f"{library}: {name}, p50")
    left.set(xscale="log", yscale="log", xlabel="payments", ylabel="ms a payment", title="Time")
    right.set(xscale="log", xlabel="payments", ylabel="MiB", title="Memory")
    for axes in (left, right):
        axes.grid(visible=True, which="both", alpha=0.25)
    right.set_ylim(bottom=0)
    right.legend(fontsize=8, loc="upper left")
    figure.legend(*left.get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
