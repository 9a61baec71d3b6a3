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
self-payments aside; the others have no shape that a graph could show.

"at least": rules demand more of a shape only. "bands": every rule demands more of one shape and may demand less of
others, which profits from the fact that the data set's laundering wallets do nothing but launder. The probe says how
often neither wallet was ever seen, which no rule may ask for by itself. "services spared": no alert for payments from
or to a labelled exchange, service, token or burn address, as in the pattern analyzer; attempts cannot profit, because
their wallets bear no labels.
"""

import argparse
import csv
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import CARD, renew
from benchmarks.stream_speed import synthetic
from oracle.errors import ConfigurationError
from oracle.scoring.stream import Table, Transfer, key_of
from oracle.scoring.typology import FEATURES, WEEK, Typologies

STRUCTURAL = ("FAN-IN", "FAN-OUT", "CYCLE", "GATHER-SCATTER", "SCATTER-GATHER", "STACK", "BIPARTITE")
ALERTS = 0.01
"""Share of licit payments that may alert."""
RULES = 12
# Read off sums that pass from one currency to the next unchanged; that of Bitcoin, which one payment uses, is of 2020.
DOLLARS = {
    "US Dollar": 1.0,
    "Euro": 1 / 0.8534,
    "Swiss Franc": 1 / 0.915,
    "Yuan": 1 / 6.6976,
    "Rupee": 1 / 73.444,
    "Ruble": 1 / 77.804,
    "UK Pound": 1.2917,
    "Yen": 1 / 105.4,
    "Australian Dollar": 1 / 1.4128,
    "Canadian Dollar": 1 / 1.3193,
    "Mexican Peso": 1 / 21.1431,
    "Brazil Real": 1 / 5.664,
    "Saudi Riyal": 1 / 3.7511,
    "Shekel": 0.2961,
    "Bitcoin": 11_879.0,
}
SERVICES = {"exchange", "dex", "defi", "token-contract", "burn"}
_COUNTS = (2, 3, 4, 5, 6, 8, 10, 12, 16)
AT_LEAST: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(
        ("fan_in", "fan_in_equal", "fan_out", "fan_out_equal", "scatter_gather", "gather_scatter"), _COUNTS
    ),
    **dict.fromkeys(("payers", "payees", "layered", "bipartite", "chained"), (1, *_COUNTS)),
    "cycle": (2, 3, 4, 5, 6),
    "cycle_ratio": (0.5, 0.7, 0.8, 0.9),
}
AT_MOST: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("fan_in", "fan_out"), (1, 2, 4, 16, 32)),
    **dict.fromkeys(("payers", "payees", "bipartite", "layered", "chained"), (0, 1, 2, 4, 16)),
    **dict.fromkeys(("fan_in_equal", "fan_out_equal"), (1, 2, 4)),
    "cycle_seconds": (3_600, 86_400),
}
STRANGERS = (("fan_in", 1), ("fan_out", 1), ("payers", 0), ("payees", 0))
Bits = NDArray[np.bool_]
Rule = list[tuple[str, str, float]]


@dataclass(frozen=True)
class Mixture:
    """N payments in the order of time. `attempt` (N,) is -1 where licit; `half` (N,) 0 or 1, by licit wallet or by
    attempt; `shown` (A,) whether an attempt has a connected part of three payments."""

    table: Table
    attempt: NDArray[np.int64]
    half: NDArray[np.int64]
    spared: Bits
    typology: tuple[str, ...]
    shown: Bits


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


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ConfigurationError(
            f"There is no {path}: set PAYFLOW_DATA to the folder of the shared data sets, which holds {name}."
        )
    return path


def _largest_part(pairs: list[tuple[int, int]]) -> int:
    """Payments of the largest connected part, those to oneself aside."""
    part: dict[int, int] = {}

    def root(x: int) -> int:
        while part.setdefault(x, x) != x:
            x = part[x]
        return x

    for s, r in pairs:
        part[root(s)] = root(r)
    return max(Counter(root(s) for s, r in pairs if s != r).values(), default=0)


def mixture(folder: Path, licit: str, tempo: bool) -> Mixture:
    """Attempts and licit transfers of one file, re-timed as the module says."""
    import pyarrow.parquet as parquet

    with _file(folder, "ibm_aml_hi_small/laundering_patterns.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = sorted({int(r["pattern_id"]) for r in rows})
    when = [datetime.strptime(r["timestamp"], "%Y/%m/%d %H:%M").replace(tzinfo=UTC).timestamp() for r in rows]
    attempts = Counter[str]()
    kinds, halves = [], []
    kind_of = {int(r["pattern_id"]): r["typology"] for r in rows}
    for name in names:
        kinds.append(kind_of[name])
        halves.append(attempts[kind_of[name]] % 2)
        attempts[kind_of[name]] += 1
    a_time = np.array(when, np.int64)
    a_pay = [tuple(key_of((r[f"{w}_bank"] + r[f"{w}_account"]).encode().hex()) for w in ("from", "to")) for r in rows]
    a_amount = [float(r["amount_paid"]) * DOLLARS[r["payment_currency"]] for r in rows]
    a_id = np.array([names.index(int(r["pattern_id"])) for r in rows])
    shown = [
        _largest_part([(p[0], p[1]) for p, i in zip(a_pay, a_id, strict=True) if i == k]) >= 3
        for k in range(len(names))
    ]

    with gzip.open(_file(folder, "address_labels/labels.csv.gz"), "rt") as labels:
        services = {r["address"].lower() for r in csv.DictReader(labels) if r["category"] in SERVICES}
    wanted = ["ts", "tx_hash", "from", "to", "token", "value_raw", "value", "ego", "ego_flag"]
    columns = parquet.read_table(_file(folder, f"eth_transfers_labelled/{licit}.parquet"), columns=wanted).to_pydict()
    once: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in zip(*(columns[name] for name in wanted), strict=True):
        if row[8] == 0:
            once.setdefault((row[1], row[2], row[3], row[4], row[5]), row)
    ordered = sorted(once.values(), key=lambda row: row[0])
    key = {name: key_of(name) for row in ordered for name in (row[2], row[3], row[7])}
    time = np.array([row[0] for row in ordered], np.int64)
    pay = np.array([[key[row[2]], key[row[3]]] for row in ordered], np.uint64)
    order = np.arange(time.size)
    if tempo:
        span = int(a_time.max() - a_time.min()) + 1
        stretch, offset = np.divmod(time - time.min(), span)
        pay ^= (stretch.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))[:, None]
        order = np.argsort(offset, kind="stable")
    shares, spread = np.linspace(0, 1, order.size), np.linspace(0, 1, a_time.size)
    warped = np.interp(shares, spread, np.sort(a_time)).astype(np.int64)

    everything = np.concatenate([warped, a_time])
    by_time = np.argsort(everything, kind="stable")
    pairs = np.concatenate([pay[order], np.array(a_pay, np.uint64)])[by_time]
    amount = np.concatenate([np.array([row[6] for row in ordered])[order], a_amount])[by_time]
    spared = np.array([row[2] in services or row[3] in services for row in ordered])[order]
    ego_half = np.array([key[row[7]] >> 17 & 1 for row in ordered])[order]
    ones = np.ones(by_time.size, np.uint64)
    return Mixture(
        Table(everything[by_time], pairs[:, 0], pairs[:, 1], ones, ones, amount, ones > 0),
        np.concatenate([np.full(order.size, -1), a_id])[by_time],
        np.concatenate([ego_half, np.array(halves)[a_id]])[by_time],
        np.concatenate([spared, np.zeros(a_id.size, np.bool_)])[by_time],
        tuple(kinds),
        np.array(shown),
    )


class Chooser:
    """Greedy choice of rules on one half of a mixture."""

    def __init__(
        self, mix: Mixture, rows: NDArray[np.float64], half: int, bands: bool, spare: bool, unseen: bool
    ) -> None:
        here = mix.half == half
        self.licit = (mix.attempt < 0) & (here | (not unseen))
        self.fraud = here & (mix.attempt >= 0)
        self.atoms = [(n, ">=", v) for n, values in AT_LEAST.items() for v in values]
        if bands:
            self.atoms += [(n, "<=", v) for n, values in AT_MOST.items() for v in values]
        self.masks = np.array([holds(rows, [atom]) & ~(mix.spared & spare) for atom in self.atoms])
        of = mix.attempt[self.fraud]
        self.attempts, self.where = np.unique(of, return_inverse=True)
        sizes = Counter(mix.typology[a] for a in self.attempts)
        kinds = [mix.typology[a] for a in self.attempts]
        self.worth = np.array([1 / sizes[k] if k in STRUCTURAL else 0.0 for k in kinds])

    def choose(self) -> list[Rule]:
        """Rules, best first: of two prices for a licit alert the one that catches most here."""
        licit = np.packbits(self.masks[:, self.licit], axis=1)
        found = [self._choose(licit, price) for price in (0.3, 1.5)]
        return max(found, key=lambda x: x[0])[1]

    def _choose(self, licit: NDArray[np.uint8], price: float) -> tuple[float, list[Rule]]:
        """What is caught, as a sum of shares of typologies, and the rules. `price` is that of all allowed alerts."""
        fraud, spent = self.masks[:, self.fraud], np.zeros(licit.shape[1], np.uint8)
        allowed, paid = ALERTS * int(self.licit.sum()), 0
        caught = np.zeros(self.attempts.size, np.bool_)
        rules: list[Rule] = []
        while len(rules) < RULES:
            pool = [[i] for i, (_, sign, _) in enumerate(self.atoms) if sign == ">="]
            best, best_score = pool[0], 0.0
            for _ in range(3):
                scored = []
                for rule in pool:
                    gain = float(self.worth[self._hit(fraud, rule) & ~caught].sum())
                    if gain > 0:
                        cost = int(np.bitwise_count(np.bitwise_and.reduce(licit[rule], axis=0) | spent).sum()) - paid
                        scored.append((gain / (cost / allowed + 0.2), rule))
                        if paid + cost <= allowed and gain - price * cost / allowed > best_score:
                            best_score, best = gain - price * cost / allowed, rule
                scored.sort(key=lambda x: -x[0])
                pool = [[*rule, i] for _, rule in scored[:20] for i in range(len(self.atoms)) if i not in rule]
            if best_score == 0.0:
                break
            rules.append([self.atoms[i] for i in best])
            spent |= np.bitwise_and.reduce(licit[best], axis=0)
            paid = int(np.bitwise_count(spent).sum())
            caught |= self._hit(fraud, best)
        return float(self.worth[caught].sum()), rules

    def _hit(self, fraud: Bits, rule: list[int]) -> Bits:
        """(attempts,) whether all thresholds hold for one of an attempt's payments."""
        hit = np.zeros(self.attempts.size, np.bool_)
        hit[self.where[fraud[rule].all(axis=0)]] = True
        return hit


def holds(rows: NDArray[np.float64], rule: Rule) -> Bits:
    """(N,) whether all thresholds of a rule hold."""
    mask = np.ones(rows.shape[0], np.bool_)
    for name, sign, value in rule:
        column = rows[:, FEATURES.index(name)]
        mask &= column >= value if sign == ">=" else column <= value
    return mask


def any_of(rows: NDArray[np.float64], rules: list[Rule]) -> Bits:
    """(N,) whether one of the rules holds."""
    mask = np.zeros(rows.shape[0], np.bool_)
    for rule in rules:
        mask |= holds(rows, rule)
    return mask


def recall(mix: Mixture, rows: NDArray[np.float64], bands: bool, spare: bool) -> dict[str, Any]:
    """Out-of-half recall by attempt, by shown attempt and by payment; alerts on licit payments, by the rules of either
    half and on wallets unseen by the choice."""
    licit = mix.attempt < 0
    alert, unseen = np.zeros(rows.shape[0], np.bool_), np.zeros(rows.shape[0], np.bool_)
    chosen, licit_alerts = [], []
    for half in (0, 1):
        rules = Chooser(mix, rows, half, bands, spare, unseen=False).choose()
        chosen.append([" and ".join(f"{n} {s} {v:g}" for n, s, v in rule) for rule in rules])
        mask = any_of(rows, rules) & ~(mix.spared & spare)
        licit_alerts.append(round(float(mask[licit].mean()), 4))
        alert |= mask & (mix.half != half)
        others = Chooser(mix, rows, half, bands, spare, unseen=True).choose()
        unseen |= any_of(rows, others) & ~(mix.spared & spare) & (mix.half != half)
    caught = np.zeros(len(mix.typology), np.bool_)
    caught[mix.attempt[alert & ~licit]] = True
    kinds = np.array(mix.typology)
    of_payment = kinds[mix.attempt]
    figures: dict[str, Any] = {}
    for kind in (*STRUCTURAL, "RANDOM"):
        of, shown = kinds == kind, (kinds == kind) & mix.shown
        payments = ~licit & (of_payment == kind)
        figures[kind] = {
            "attempts": int(of.sum()),
            "recall": round(float(caught[of].mean()), 3),
            "shown": int(shown.sum()),
            "recall_shown": round(float(caught[shown].mean()), 3) if shown.any() else None,
            "payments": int(payments.sum()),
            "recall_payments": round(float(alert[payments].mean()), 3),
        }
    strangers = any_of(rows, [[(n, "<=", v) for n, v in STRANGERS]])
    probe = [round(float(strangers[part].mean()), 3) for part in (licit, ~licit)]
    return {
        "probe": probe,
        "licit_alerts": licit_alerts,
        "unseen_wallets": round(float(unseen[licit].mean()), 4),
        "rules": chosen,
        "kinds": figures,
    }


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
    strangers = (f"{one['probe'][0]:.1%} and {one['probe'][1]:.1%}" for one in settings.values())
    yield "| probe: payments between strangers, licit and laundering | " + " | ".join(strangers) + " |"


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
