"""The typologies: what one payment costs at a million live edges, and which laundering attempts their facts show.

    python -m benchmarks.typology speed [--edges 1000000] [--json results.json]
    PAYFLOW_DATA=... python -m benchmarks.typology recall [--json results.json]   (also into docs/model-card.md)

`speed`: a quarter as many wallets as edges, a few of them in most payments, so that the bounds are reached; one thread.
"busiest": payments among the 50 wallets that pay most.

`recall` mixes the 2,061 payments of 251 laundering attempts (IBM AMLworld HI-Small) by time into real licit transfers:
those of wallets with ego_flag 0, each once. Amounts of the attempts become dollars by one rate a currency, the one at
which that simulation itself converts. Two ways of re-timing:

- tempo: the licit years are cut into stretches as long as the attempts last (17.4 days), wallets of different stretches
  are taken for different wallets, and all stretches are laid over one another. Wallets keep their pace and neighbours.
- squeezed: the licit years as they are, one graph, squeezed into that time. A week then holds years of a wallet.

Both are then warped so that the share of payments before any moment is that of the attempts: same span, same density.

At most `RULES` rules, each of at most three thresholds that must all hold, are chosen greedily on every second attempt
of each typology, by attempts caught less a price for licit alerts, and measured on the other attempts, and the reverse;
recall pools both. The licit part is the same for both and no more than 1% of it may alert. How many licit payments
alert where rules were chosen without their wallets is measured apart ("unseen wallets": half of them, by their keys).
An attempt is caught when one of its payments alerts. "Shown": attempts of which at least three payments hang together,
self-payments aside; the others have no shape that a graph could show. The learning curve chooses rules on a quarter and
a half of the attempts that the choice has, for the settings of the card that spare services.

"at least": rules demand more of a shape only. "bands": every rule demands more of one shape and may demand less of
others, which profits from the fact that the data set's laundering wallets do nothing but launder. The probe says how
often neither wallet was ever seen, which no rule may ask for by itself. "services spared": no alert for payments from
or to a labelled exchange, service, token or burn address, as in the pattern analyzer; attempts cannot profit, because
their wallets bear no labels.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.pages import CARD, renew
from benchmarks.stream_speed import synthetic
from benchmarks.typology_mixture import mixture
from benchmarks.typology_rules import LEARNED, STRUCTURAL, learned, recall
from oracle.errors import ConfigurationError
from oracle.scoring.stream import Transfer
from oracle.scoring.typology import WEEK, Typologies


def speed(edges: int, asked: int = 50_000) -> dict[str, Any]:
    """Microseconds of a look and of an update (look and observe) through the Python face, and bytes held."""
    table = synthetic(edges)
    started = perf_counter()
    first = Typologies(WEEK, 16, 16)
    first.look(Transfer(1, 1, 2, 1, 1, 1.0))
    first.observe(Transfer(1, 1, 2, 1, 1, 1.0), 1)
    figures: dict[str, Any] = {"edges": edges, "first_use_s": round(perf_counter() - started, 3)}
    state = Typologies(WEEK, 3 * edges // 8, edges, [int(table.sender[0])])
    started = perf_counter()
    state.batch(table)
    figures["batch_per_s"] = round(edges / (perf_counter() - started))
    busiest = np.array([key for key, _ in Counter(table.sender.tolist()).most_common(50)], np.uint64)
    ask = np.random.default_rng(9_003).integers(0, edges, asked)
    end = int(table.time[-1])
    for name, sender, recipient in (
        ("", table.sender[ask], table.recipient[ask]),
        ("busiest_", busiest[ask % 50], busiest[ask // 50 % 50]),
    ):
        looks, updates = [], []
        for i in range(asked):
            payment = Transfer(end + i // 10, int(sender[i]), int(recipient[i]), 1, i, 125.5)
            t0 = perf_counter()
            state.look(payment)
            t1 = perf_counter()
            state.observe(payment, i)
            updates.append(perf_counter() - t0)
            looks.append(t1 - t0)
        for what, seconds in (("look", looks), ("update", updates)):
            points = np.quantile(seconds, (0.5, 0.99, 0.999, 1)) * 1e6
            for point, value in zip(("p50", "p99", "p999", "max"), points.tolist(), strict=True):
                figures[f"{name}{what}_{point}_us"] = round(value, 1)
        end += asked // 10
    counters = state.counters
    figures |= {f"share_{name}": round(getattr(counters, name) / counters.looks, 4) for name in counters.__slots__[1:5]}
    return figures | {"mebibytes": round(state.nbytes / 2**20, 1), "bytes_per_live_wallet": 4 * state.nbytes // edges}


def measure_recall(folder: Path) -> dict[str, Any]:
    """All settings, printed as tables."""
    results: dict[str, Any] = {}
    for licit in ("stablecoin_transfers", "erc20_transfers"):
        for tempo in (True, False):
            mix = mixture(folder, licit, tempo)
            state = Typologies(WEEK)
            rows = state.batch(mix.table)
            for bands, spare in ((False, False), (True, False), (True, True)):
                said = ("tempo" if tempo else "squeezed", "bands" if bands else "at least")
                name = ", ".join((licit, *said, "services spared" if spare else "nobody spared"))
                figures = recall(mix, rows, bands, spare)
                if tempo and spare:
                    figures["learned"] = learned(mix, rows, bands, spare)
                results[name] = figures
                alerts = " and ".join(f"{share:.2%}" for share in figures["licit_alerts"])
                print(f"\n{name}: {int((mix.attempt < 0).sum())} licit payments")
                print(
                    f"alerts: {alerts} of licit payments, {figures['unseen_wallets']:.2%} of unseen wallets' payments"
                )
                for half, rules in enumerate(figures["rules"]):
                    print(f"rules of half {half}: {'; '.join(rules)}")
                print(
                    "probe: {:.1%} of licit payments and {:.1%} of the attempts' between strangers".format(
                        *figures["probe"]
                    )
                )
                print(
                    f"{'typology':16}{'attempts':>9}{'recall':>8}{'shown':>7}{'recall':>8}{'payments':>10}{'recall':>8}"
                )
                for kind, f in figures["kinds"].items():
                    of_shown = "-" if f["recall_shown"] is None else f"{f['recall_shown']:.2f}"
                    print(
                        f"{kind:16}{f['attempts']:>9}{f['recall']:>8.2f}{f['shown']:>7}{of_shown:>8}"
                        f"{f['payments']:>10}{f['recall_payments']:>8.2f}"
                    )
    return results


def card(results: dict[str, Any]) -> Iterator[str]:
    """Lines of the model card: the settings that keep the licit wallets' pace."""
    settings = {name: one for name, one in results.items() if "tempo" in name}
    yield "| share of attempts caught | " + " | ".join(settings) + " |"
    yield "|---|" + "---|" * len(settings)
    for kind in (*STRUCTURAL, "RANDOM"):
        cells = (f"{one['kinds'][kind]['recall']:.2f}" for one in settings.values())
        attempts = next(iter(settings.values()))["kinds"][kind]["attempts"]
        yield f"| {kind} ({attempts}) | " + " | ".join(cells) + " |"
    alerts = (" and ".join(f"{share:.2%}" for share in one["licit_alerts"]) for one in settings.values())
    yield "| licit payments that alert, by the rules of either half | " + " | ".join(alerts) + " |"
    yield (
        "| the same, wallets unseen by the choice | "
        + " | ".join(f"{one['unseen_wallets']:.2%}" for one in settings.values())
        + " |"
    )
    for kind in STRUCTURAL:
        shown = next(iter(settings.values()))["kinds"][kind]["shown"]
        if shown:
            cells = (f"{one['kinds'][kind]['recall_shown']:.2f}" for one in settings.values())
            yield f"| {kind}, of those whose payments hang together ({shown}) | " + " | ".join(cells) + " |"
    strangers = (f"{one['probe'][0]:.1%} and {one['probe'][1]:.1%}" for one in settings.values())
    yield "| probe: payments between strangers, licit and laundering | " + " | ".join(strangers) + " |"
    yield from ("", "Who is missed: structural attempts (all but RANDOM), missed of all.", "")
    yield "| attempts of | " + " | ".join(settings) + " |"
    yield "|---|" + "---|" * len(settings)
    for name in next(iter(settings.values()))["missed"]:
        said = {"hang together": "payments that hang together", "do not": "payments that do not"}.get(name, name)
        cells = ("{} of {}".format(*one["missed"][name]) for one in settings.values())
        yield f"| {said} | " + " | ".join(cells) + " |"
    yield from ("", "Would more attempts help: mean recall of the structural typologies by attempts chosen on.", "")
    yield "| setting | " + " | ".join(f"{share:.0%} of a half" for share in LEARNED) + " |"
    yield "|---|" + "---|" * len(LEARNED)
    for name, one in settings.items():
        if "learned" in one:
            cells = (f"{point['recall']:.2f} ({point['attempts']:g})" for point in one["learned"])
            yield f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "recall"))
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=os.environ.get("PAYFLOW_DATA"), help="default: PAYFLOW_DATA")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "speed":
        figures = speed(arguments.edges)
        print(json.dumps(figures, indent=2))
    else:
        if arguments.data is None:
            raise SystemExit("Set PAYFLOW_DATA (or --data) to the folder of the shared data sets.")
        try:
            figures = measure_recall(arguments.data)
        except ConfigurationError as error:
            raise SystemExit(str(error)) from error
        renew(CARD, "typologies", card(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
