"""The stream's state at a million live edges: what one update costs, and a wallet in memory."""

from benchmarks import stream_speed, typology
from benchmarks.speed.machine import Figures

ASKED = 20_000


def state(edges: int) -> Figures:
    """Microseconds and bytes a wallet of the graph of payments (`benchmarks.typology speed`) and of the windows of
    wallets and pairs (`benchmarks.stream_speed`), each with `edges` live pairs and a quarter as many wallets.

    An update is what one payment costs: its features as of before, and remembering it."""
    graph, windows = typology.speed(edges, ASKED), stream_speed.measure(edges, ASKED)
    return {
        "edges": edges,
        "graph": {name: graph[name] for name in graph if name.endswith("_us") or name == "bytes_per_live_wallet"},
        "windows": {name: windows[name] for name in windows if name.endswith("_us") or name == "bytes_per_live_wallet"},
    }
