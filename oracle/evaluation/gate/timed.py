"""The tasks whose transfers are split in time: the first 70% of the time to learn from, the rest to be judged on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from oracle.datasets import data_folder, load, load_amlsim
from oracle.datasets.transfers import Transfers
from oracle.errors import ConfigurationError
from oracle.evaluation.gate.task import Task, counted
from oracle.evaluation.gate.vectors import vectors
from oracle.scoring.numbers import Floats

TRAINING = 0.7
"""Share of the time, from the first step to the last, that is learnt from."""
ACCOUNT_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Rows to learn from and rows to judge, booleans of shape (M,) each."""

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def timed_task(name: str, most_rows: int, path: Path | None = None) -> tuple[Task, Mapping[int, bool] | None]:
    """Transfers seen from their sender, of at most `most_rows` drawn evenly, all earlier ones known; and by place in
    `parties` whether an account is marked, where the set marks accounts.

    `amlsim` marks accounts, not transactions: a transaction counts as fraud if both of its accounts are marked, as
    those of an alert are. Other sets mark rows. Raises DataMissing, DataInvalid, ToolMissing, and ConfigurationError
    for a set without both classes.
    """
    marked = shape = None
    if name == "amlsim":
        folder = data_folder() / "amlsim" if path is None else path
        history, other = load_amlsim(folder), load_amlsim(folder, "recipient")
        of = np.zeros(len(history.parties), np.bool_)
        for side in (history, other):
            of[side.wallet[side.label == 1]] = True
        label = (of[history.sender] & of[history.recipient]).astype(np.int8)
        marked = dict(enumerate(of.tolist()))
        shape = shapes(history, label)
    else:
        history = load(name, path)
        label = history.label
    history = replace(history, wallet=history.sender, label=label)
    places = np.flatnonzero(label >= 0)
    if not 0 < int(label[places].sum()) < len(places):
        raise ConfigurationError(
            f"The data set {name} holds rows of one class only, so nothing can be told apart. Choose another."
        )
    if len(places) > most_rows:
        places = np.sort(np.random.default_rng(0).choice(places, most_rows, replace=False))
    wanted = np.zeros(len(history), np.bool_)
    wanted[places] = True
    rows = vectors(history, np.ones(len(history), np.bool_), wanted)
    transfers = history.take(wanted)
    labels = transfers.label.astype(np.float64)
    cohorts = {"pair": np.where(_repeated(history)[wanted], "paid before", "first payment").astype(np.str_)}
    if transfers.kinds:
        names = np.array([*transfers.kinds, "none"], np.str_)
        cohorts["kind"] = names[transfers.kind]
    if shape is not None:
        cohorts["shape"] = shape[wanted]
    task = Task(
        name=name,
        title=f"Evaluation on {name}: split in time",
        transfers=transfers,
        history=history,
        rows=rows,
        labels=labels,
        wallets=transfers.wallet,
        listed={},
        cohorts=cohorts,
        facts=(
            *counted(transfers, labels, transfers.wallet),
            ("fraud means", "both accounts are marked" if marked else "the row is marked"),
            ("features", f"{rows.shape[1]}, of the sender and the recipient as of the moment before each transfer"),
        ),
    )
    return task, marked


def shapes(transfers: Transfers, label: NDArray[np.int8]) -> NDArray[np.str_]:
    """The kind of alert that each marked row seems to belong to, "licit" for others, shape (N,): AMLSim's files name
    none. Alerts move less than any licit row: such a row on a directed circle of such rows is of a cycle, another of a
    fan-in; marked rows of ordinary size lie between accounts of alerts by whatever chance."""
    fraud = label == 1
    amounts = transfers.amounts()
    small = fraud & (amounts < amounts[~fraud].min())
    size = len(transfers.parties)
    edges = (transfers.sender[small], transfers.recipient[small])
    graph = coo_array((np.ones(int(small.sum())), edges), shape=(size, size))
    _, part = connected_components(graph, directed=True, connection="strong")
    circle = part[transfers.sender] == part[transfers.recipient]
    cases = [~fraud, ~small, circle]
    return np.select(cases, ["licit", "of ordinary size", "like a cycle"], "like a fan-in").astype(np.str_)


def in_time(task: Task) -> Part:
    """The first 70% of the time against the rest."""
    time = task.transfers.time
    cut = time.min() + TRAINING * (time.max() - time.min())
    return Part(time <= cut, time > cut)


def by_account(task: Task, seed: int = 0) -> tuple[Part, ...]:
    """The same, and accounts dealt at random into three: each part judges later transfers between two accounts of one
    third and learns from earlier ones between accounts of the other two, so that no account is in both."""
    whole = in_time(task)
    dice = np.random.default_rng(seed)
    deal = dice.permutation(len(task.transfers.parties)) % ACCOUNT_FOLDS
    sender, recipient = deal[task.transfers.sender], deal[task.transfers.recipient]
    return tuple(
        Part(whole.train & (sender != one) & (recipient != one), whole.test & (sender == one) & (recipient == one))
        for one in range(ACCOUNT_FOLDS)
    )


def known_accounts(task: Task, part: Part) -> Floats:
    """Only the labels of the past, shape (M, 2): whether sender and recipient took part in a marked row that this part
    learns from."""
    known = np.zeros(len(task.transfers.parties))
    guilty = part.train & (task.labels > 0)
    known[task.transfers.sender[guilty]] = known[task.transfers.recipient[guilty]] = 1.0
    return np.stack([known[task.transfers.sender], known[task.transfers.recipient]], axis=1)


def artefacts(task: Task, part: Part) -> Floats:
    """Two columns that a simulator may give itself away by, shape (M, 2): whether the amount is below that of every
    licit row which this part learns from, and whether the pair has paid before."""
    amounts = task.transfers.amounts()
    least = amounts[part.train & (task.labels == 0)].min()
    return np.stack([amounts < least, task.cohorts["pair"] == "paid before"], axis=1).astype(np.float64)


def _repeated(history: Transfers) -> NDArray[np.bool_]:
    pair = history.sender * len(history.parties) + history.recipient
    _, first = np.unique(pair, return_index=True)
    found = np.ones(len(pair), np.bool_)
    found[first] = False
    return found
