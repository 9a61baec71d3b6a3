"""Rules over the facts of typologies: their greedy choice on a part of the attempts, and what they then catch."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.typology_mixture import Bits, Mixture
from oracle.scoring.typology import FEATURES

STRUCTURAL = ("FAN-IN", "FAN-OUT", "CYCLE", "GATHER-SCATTER", "SCATTER-GATHER", "STACK", "BIPARTITE")
ALERTS = 0.01
"""Share of licit payments that may alert."""
RULES = 12
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
LEARNED = (0.25, 0.5, 1.0)
"""Shares of the attempts of a half that rules are chosen on, for the learning curve."""
SIZES = ((1, "1 to 3 payments"), (4, "4 to 8 payments"), (9, "9 payments and more"))
DAYS = ((0, "less than a day"), (1, "1 to 3 days"), (3, "more than 3 days"))
STRANGERS = (("fan_in", 1), ("fan_out", 1), ("payers", 0), ("payees", 0))
Rule = list[tuple[str, str, float]]


class Chooser:
    """Greedy choice of rules on one half of a mixture, by a `share` of its attempts of each typology."""

    def __init__(
        self,
        mix: Mixture,
        rows: NDArray[np.float64],
        half: int,
        *,
        bands: bool,
        spare: bool,
        unseen: bool = False,
        share: float = 1.0,
    ) -> None:
        here = mix.half == half
        self.licit = (mix.attempt < 0) & (here | (not unseen))
        self.fraud = here & (mix.attempt >= 0) & (mix.place < share)[mix.attempt]
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
    licit, options = mix.attempt < 0, {"bands": bands, "spare": spare}
    alert, unseen = np.zeros(rows.shape[0], np.bool_), np.zeros(rows.shape[0], np.bool_)
    chosen, licit_alerts = [], []
    for half in (0, 1):
        rules = Chooser(mix, rows, half, **options).choose()
        chosen.append([" and ".join(f"{n} {s} {v:g}" for n, s, v in rule) for rule in rules])
        mask = any_of(rows, rules) & ~(mix.spared & spare)
        licit_alerts.append(round(float(mask[licit].mean()), 4))
        alert |= mask & (mix.half != half)
        others = Chooser(mix, rows, half, **options, unseen=True).choose()
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
        "missed": _missed(mix, caught),
    }


def _missed(mix: Mixture, caught: Bits) -> dict[str, list[int]]:
    """Structural attempts that were missed, and how many there are, by their size and by how long they take."""
    structural = np.isin(np.array(mix.typology), STRUCTURAL)
    own, time = mix.attempt[mix.attempt >= 0], mix.table.time[mix.attempt >= 0]
    first, last = np.full(structural.size, np.iinfo(np.int64).max), np.zeros(structural.size, np.int64)
    np.minimum.at(first, own, time)
    np.maximum.at(last, own, time)
    found = {}
    for bands, values in ((SIZES, np.bincount(own)), (DAYS, (last - first) / 86_400)):
        bins = np.digitize(values, [least for least, _ in bands]) - 1
        for number, (_, name) in enumerate(bands):
            part = structural & (bins == number)
            found[name] = [int((part & ~caught).sum()), int(part.sum())]
    for name, part in (("hang together", mix.shown), ("do not", ~mix.shown)):
        found[name] = [int((structural & part & ~caught).sum()), int((structural & part).sum())]
    return found


def learned(mix: Mixture, rows: NDArray[np.float64], bands: bool, spare: bool) -> list[dict[str, float]]:
    """The learning curve: for each share of `LEARNED` how many structural attempts of a half rules were chosen on, on
    average, and the mean over the structural typologies of the share of other attempts that they catch."""
    kinds, points = np.array(mix.typology), []
    for share in LEARNED:
        caught, sizes = np.zeros(kinds.size, np.bool_), []
        for half in (0, 1):
            chooser = Chooser(mix, rows, half, bands=bands, spare=spare, share=share)
            mask = any_of(rows, chooser.choose()) & ~(mix.spared & spare) & (mix.half != half)
            caught[mix.attempt[mask & (mix.attempt >= 0)]] = True
            sizes.append(int((chooser.worth > 0).sum()))
        recalls = [float(caught[kinds == kind].mean()) for kind in STRUCTURAL]
        points.append({"attempts": float(np.mean(sizes)), "recall": round(float(np.mean(recalls)), 3)})
    return points
