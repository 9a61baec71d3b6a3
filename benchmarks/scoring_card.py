"""Measure the shipped model and write the figures into docs/model-card.md, between its markers.

    python -m benchmarks.scoring_card [--data ../shared/data] [--seeds 901 902 903]

Everything in the figures comes from this run. Without --data (or PAYFLOW_DATA) the part on real transfers is left out.
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.pages import CARD, renew
from benchmarks.shares import interval
from oracle.scoring import Payment, RiskEngine, RiskLevel, RiskModel, ScreeningLists
from oracle.scoring.evaluation import Evaluation
from oracle.scoring.simulator import Parameters, simulate, simulated_lists

PAYMENTS, EPISODES = 10_000, 10
CUNNING = (0.0, 0.5, 1.0)
SCORES = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80)
STABLECOINS = "eth_transfers_labelled/stablecoin_transfers.parquet"
ZERO = "0x" + "00" * 20


def evaluated(model: RiskModel, seeds: list[int], cunning: float) -> Evaluation:
    """One stream a seed, in economies that differ."""
    found = Evaluation()
    for seed in seeds:
        parameters = Parameters(cunning=cunning)
        engine = RiskEngine(model, simulated_lists(seed))
        found.take(engine, simulate(seed, PAYMENTS, episodes=EPISODES, parameters=parameters))
    return found


def recall_table(usual: Evaluation) -> Iterator[str]:
    """Recall per alert type."""
    yield "| alert | labelled payments | held (HIGH or above) | named by its alert | episodes with one held at least |"
    yield "|---|---|---|---|---|"
    for alert, caught in sorted(usual.caught.items()):
        yield (
            f"| {alert.name} | {caught.payments} | {interval(caught.held, caught.payments)}"
            f" | {interval(caught.named, caught.payments)}"
            f" | {interval(len(caught.episodes_held), len(caught.episodes))} |"
        )


def cunning_table(by_cunning: dict[float, Evaluation]) -> Iterator[str]:
    """How recall falls when frauds get slower and less regular."""
    yield "| alert | " + " | ".join(f"cunning {cunning:g}" for cunning in by_cunning) + " |"
    yield "|---|" + "---|" * len(by_cunning)
    for alert in sorted(by_cunning[0.0].caught):
        cells = []
        for found in by_cunning.values():
            caught = found.caught[alert]
            cells.append(f"{caught.held / caught.payments:.0%}")
        yield f"| {alert.name} | " + " | ".join(cells) + " |"


def false_alarms(usual: Evaluation) -> Iterator[str]:
    """Levels of ordinary life."""
    total = sum(usual.ordinary.values())
    yield f"{total:,} ordinary payments: " + ", ".join(
        f"{level.name} {count:,} ({count / total:.2%})" for level, count in usual.ordinary.items()
    )
    above = total - usual.ordinary[RiskLevel.SAFE] - usual.ordinary[RiskLevel.LOW]
    yield ""
    yield f"Above LOW: **{interval(above, total)}**. What they were: " + ", ".join(
        f"{story} {count}" for story, count in sorted(usual.false_stories.items(), key=lambda item: (-item[1], item[0]))
    )


def members_table(model: RiskModel, seed: int) -> Iterator[str]:
    """How well each detector alone tells labelled from ordinary payments."""
    labels: list[bool] = []
    ranks: list[list[float]] = []
    names: tuple[str, ...] = ()
    engine = RiskEngine(model, ScreeningLists())
    for one in simulate(seed, PAYMENTS, episodes=EPISODES):
        assessment = engine.assess_and_observe(one.payment)
        if one.label or one.ordinary:
            names = tuple(assessment.anomaly)
            labels.append(bool(one.label))
            ranks.append([*assessment.anomaly.values(), assessment.overall / 100])
    columns = np.array(ranks).T
    truth = np.array(labels)
    yield "| detector | ROC-AUC | ordinary payments above rank 0.99 (1% promised) |"
    yield "|---|---|---|"
    for name, column in zip((*names, "overall score"), columns, strict=True):
        share = "–" if name == "overall score" else f"{float((column[~truth] > 0.99).mean()):.2%}"
        yield f"| {name} | {roc_auc_score(truth, column):.3f} | {share} |"


def real_transfers(folder: Path) -> Iterator[Payment]:
    """The labelled stablecoin transfers in their order, each once; needs pyarrow."""
    import pyarrow.parquet as pq

    columns = ["block", "ts", "tx_hash", "from", "to", "token", "decimals", "value_raw"]
    rows = pq.read_table(folder / STABLECOINS, columns=columns).to_pylist()
    seen = set()
    for row in sorted(rows, key=lambda row: (row["block"], row["tx_hash"])):
        key = (row["tx_hash"], row["from"], row["to"], row["token"], row["value_raw"])
        if key in seen:
            continue
        seen.add(key)
        yield Payment(
            payment_id=f"{row['tx_hash']}:{len(seen)}",
            sender=row["from"].lower(),
            recipient=row["to"].lower(),
            token=row["token"].lower(),
            amount=int(row["value_raw"]),
            decimals=int(row["decimals"]),
            timestamp=int(row["ts"]),
            block=int(row["block"]),
            tx=row["tx_hash"],
        )


def ordinary_wallets(folder: Path) -> frozenset[str]:
    """Wallets that were not reported."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / STABLECOINS, columns=["ego", "ego_flag"]).to_pydict()
    return frozenset(ego.lower() for ego, flag in zip(table["ego"], table["ego_flag"], strict=True) if not flag)


def real_section(model: RiskModel, folder: Path) -> tuple[list[str], Counter[int]]:
    """Levels on real transfers around labelled wallets, and the scores around wallets that nobody reported."""
    ordinary = ordinary_wallets(folder)
    engine = RiskEngine(model, ScreeningLists())
    levels = {True: dict.fromkeys(RiskLevel, 0), False: dict.fromkeys(RiskLevel, 0)}
    scores: Counter[int] = Counter()
    novel = 0
    for payment in real_transfers(folder):
        assessment = engine.assess_and_observe(payment)
        quiet = payment.sender in ordinary or payment.recipient in ordinary
        levels[quiet][assessment.level] += 1
        if quiet:
            scores[assessment.overall] += 1
            novel += assessment.anomaly["ensemble"] > 0.99
    lines = ["| transfers of | " + " | ".join(level.name for level in RiskLevel) + " |"]
    lines.append("|---|" + "---|" * len(RiskLevel))
    for quiet, name in ((True, "wallets not reported"), (False, "reported wallets only")):
        total = sum(levels[quiet].values())
        cells = " | ".join(f"{count / total:.2%}" for count in levels[quiet].values())
        lines.append(f"| {name} ({total:,}) | {cells} |")
    share = novel / sum(levels[True].values())
    lines += ["", f"Of the transfers of wallets not reported {share:.1%} have an ensemble rank above"]
    lines.append("0.99, where 1% would be right: the simulator's ordinary life is narrower than the real one.")
    return lines, scores


def meaning_table(simulated: Counter[int], real: Counter[int] | None) -> Iterator[str]:
    """Share of ordinary payments that score higher than a score: what the score means."""
    columns = {"of simulated ordinary payments": simulated}
    if real is not None:
        columns["of real transfers of wallets not reported"] = real
    yield "| score | " + " | ".join(f"share {name} above it" for name in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for score in SCORES:
        shares = (interval(sum(n for s, n in one.items() if s > score), sum(one.values())) for one in columns.values())
        yield f"| {score} | " + " | ".join(shares) + " |"


def trained(model: RiskModel) -> Iterator[str]:
    """What the file says of the making of both of its parts."""
    of = ", ".join(f"{name} {value}" for name, value in model.training.items())
    yield f"Detectors: fitted and calibrated with {of}."
    if model.supervised is not None:
        own = model.supervised.training
        known = [name for name in ("rows", "wallets", "per_wallet", "seed") if name in own]
        counts = ", ".join(f"{name.replace('_', ' ')} {own[name]}" for name in known)
        yield f"Supervised model: trained with source {own.get('data', 'unknown')}, files of SHA-256"
        yield f"`{own.get('sha256', 'unknown')}`, {counts}."


def figures(seeds: list[int], data: Path | None) -> Iterator[str]:
    """The whole text between the markers."""
    model = RiskModel.default()
    by_cunning = {cunning: evaluated(model, seeds, cunning) for cunning in CUNNING}
    usual = by_cunning[0.0]
    yield f"Written by `python -m benchmarks.scoring_card`. Model `{model.version}`."
    yield from trained(model)
    said = ", ".join(map(str, seeds))
    yield f"Measured with simulator seeds {said}, {PAYMENTS:,} payments and {EPISODES} episodes of"
    yield "each story a seed. Intervals are 95% (Wilson) and ignore that payments of one episode depend on each other."
    yield "\n### Frauds caught\n"
    yield from recall_table(usual)
    yield "\n### The same frauds, slower and less regular\n"
    yield "Share of labelled payments held. Cunning 1: steps five times as slow, sums spread ten times as widely.\n"
    yield from cunning_table(by_cunning)
    yield "\n### Ordinary life disturbed\n"
    yield from false_alarms(usual)
    section, real = ([], None) if data is None else real_section(model, data)
    yield "\n### What a score means\n"
    yield "So many ordinary payments score higher, which is what a limit on the score costs honest people.\n"
    yield from meaning_table(usual.ordinary_scores, real)
    yield "\n### What each detector tells apart\n"
    yield from members_table(model, seeds[0])
    yield "\n### Real transfers\n"
    if data is None:
        yield "Not measured in this run: no data folder was given."
        return
    yield "Stablecoin transfers of 2017–2022 around labelled wallets (eltontay/Ethereum-Fraud-Detection, MIT); those of"
    yield "a reported wallet are mostly ordinary payments. The supervised model learned from these wallets, so that its"
    yield "part flatters here: *What each channel adds* has figures of models that never saw the wallet.\n"
    yield from section


def main() -> None:
    """Measure and rewrite the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[901, 902, 903])
    parser.add_argument("--data", type=Path, default=os.environ.get("PAYFLOW_DATA"))
    arguments = parser.parse_args()
    text = "\n".join(figures(arguments.seeds, Path(arguments.data) if arguments.data else None))
    renew(CARD, "figures", [text])
    print(text)


if __name__ == "__main__":
    main()
