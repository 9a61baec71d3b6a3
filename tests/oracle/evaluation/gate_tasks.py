"""Small tasks with the stream's columns, for tests of the gate."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from oracle.evaluation.gate.task import Effort, Task
from oracle.scoring.stream import FEATURES
from oracle.scoring.supervised.train import FitSettings
from tests.oracle.datasets.files import write_csv
from tests.oracle.evaluation.helpers import transfers

SMALL = Effort(
    seeds=10,
    fold_seeds=1,
    folds=2,
    fit=FitSettings(trees=8, learning_rate=0.2, min_data_in_leaf=5),
    fractions=(0.5, 1.0),
    learning_seeds=1,
    resamples=3,
    quick=True,
)


def labelled(leak: str = "", wallets: int = 80, told: float = 1.5) -> Task:
    """Wallets (every second one fraud) whose first columns tell the classes apart by `told` standard deviations.

    `leak`: "birth" has fraud wallets born later, "list" has a list name them, "no list" has no list at all."""
    table = transfers(wallets, 10, leak=leak)
    dice = np.random.default_rng(0)
    rows = dice.normal(size=(len(table), len(FEATURES)))
    labels = table.label.astype(np.float64)
    rows[:, :5] += told * labels[:, None]
    named = table.label == 1 if leak == "list" else dice.random(wallets)[table.wallet] < 0.25
    return Task(
        name="small",
        title="Small",
        transfers=table,
        history=table,
        rows=rows,
        labels=labels,
        wallets=table.wallet,
        listed={} if leak == "no list" else {"wallet: named": named},
        cohorts={"direction": np.full(len(table), "pays")},
        facts=(("rows", str(len(table))),),
    )


def traded(accounts: int = 30, days: int = 100) -> Task:
    """Accounts that pay each other for many days; payments between the first third are marked."""
    table = transfers(accounts, days)
    dice = np.random.default_rng(1)
    recipient = dice.integers(0, accounts, len(table))
    label = ((table.sender < accounts // 3) & (recipient < accounts // 3)).astype(np.int8)
    table = replace(table, recipient=recipient, label=label)
    task = labelled("no list")
    rows = dice.normal(size=(len(table), len(FEATURES)))
    labels = label.astype(np.float64)
    rows[:, 0] += 2 * labels
    pairs = np.full(len(table), "first payment")
    return replace(
        task, transfers=table, history=table, rows=rows, labels=labels, wallets=table.sender, cohorts={"pair": pairs}
    )


def write_bank(folder: Path, accounts: int = 60, days: int = 40, seed: int = 3) -> Path:
    """A bank in AMLSim's format: the first third of the accounts is marked and passes small sums on every day."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = np.random.default_rng(seed)
    marked = accounts // 3
    rows: list[tuple[int, int, str, int]] = []
    for day in range(1, days + 1):
        for _ in range(accounts):
            sender, recipient = dice.choice(accounts, 2, replace=False).tolist()
            rows.append((sender, recipient, f"{dice.uniform(100, 600):.2f}", day))
        for _ in range(marked):
            sender, recipient = dice.choice(marked, 2, replace=False).tolist()
            rows.append((sender, recipient, f"{dice.uniform(2, 20):.2f}", day))
    write_csv(folder / "transactions.csv", ("sourceNodeId", "targetNodeId", "value", "time"), rows)
    nodes = [(one, int(one < marked)) for one in range(accounts)]
    write_csv(folder / "nodes.csv", ("nodeid", "isFraud"), nodes)
    return folder
