"""The tasks whose labels belong to wallets: reported or not. Wallets are split, never rows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.datasets import among_first, data_folder, load_address_labels, load_labelled, load_stablecoins
from oracle.datasets.repeats import without_repeats
from oracle.datasets.transfers import Transfers
from oracle.errors import DataMissing
from oracle.evaluation.gate.task import Task, counted, sized
from oracle.evaluation.gate.vectors import vectors
from oracle.evaluation.probes import births

MOST = 100
"""The first transfers of a wallet that count, so that none decides a figure."""
LEAST_LISTED = 20
"""Lists that name fewer rows than this are no probe's column."""
_YEARS = (2017, 2018, 2019, 2020, 2021)


def labelled_task(name: str, path: Path | None = None) -> Task:
    """The first 100 transfers of each labelled wallet, seen from its side, all earlier transfers of all tokens known.

    `name` "stablecoins": transfers of the stablecoin set's tokens; "labelled": of all. `path`: the folder of both files
    instead of the usual one. Raises DataMissing, DataInvalid, ToolMissing.
    """
    folder = data_folder() / "eth_transfers_labelled" if path is None else path
    history = without_repeats(load_labelled(folder)).transfers
    seen = np.ones(len(history), np.bool_)
    if name == "stablecoins":
        names = {token.address for token in load_stablecoins(folder).tokens}
        seen = np.array([token.address in names for token in history.tokens], np.bool_)[history.token]
    wanted = seen & (history.label >= 0)
    places = np.flatnonzero(wanted)
    wanted[:] = False
    wanted[places[among_first(history.take(places), MOST)]] = True
    pays = history.sender == history.wallet
    rows = vectors(history, pays, wanted)
    alone = None if seen.all() else vectors(history.take(seen), pays[seen], wanted[seen], as_a_node=True)
    transfers = history.take(wanted)
    labels = transfers.label.astype(np.float64)
    listed = memberships(transfers)
    return Task(
        name=name,
        title=f"Evaluation on {name}: wallet-disjoint, the first {MOST} transfers of each wallet",
        transfers=transfers,
        history=history,
        rows=rows,
        labels=labels,
        wallets=transfers.wallet,
        listed=listed,
        cohorts={
            "direction": np.where(transfers.sender == transfers.wallet, "pays", "is paid").astype(np.str_),
            "transfers of the wallet": sized(transfers.wallet, np.bincount(transfers.wallet)),
            "born": _born(births(transfers, history)),
        },
        facts=(
            *counted(transfers, labels, transfers.wallet),
            ("features", f"{rows.shape[1]}, as of the moment before each transfer; no age, calendar or lists"),
            ("lists probed", _counted(listed)),
        ),
        alone=alone,
    )


def memberships(transfers: Transfers) -> dict[str, NDArray[np.bool_]]:
    """By category of the shared address labels and by side, whether the row's wallet or its counterparty carries it;
    empty where that set is absent."""
    try:
        labels = load_address_labels(data_folder() / "address_labels")
    except DataMissing:
        return {}
    place = {address: at for at, address in enumerate(transfers.parties)}
    on: dict[str, NDArray[np.bool_]] = {}
    for label in labels:
        if label.address in place:
            on.setdefault(label.category, np.zeros(len(transfers.parties), np.bool_))[place[label.address]] = True
    other = np.where(transfers.sender == transfers.wallet, transfers.recipient, transfers.sender)
    found = {
        f"{side} {category}": of[parties]
        for category, of in on.items()
        for side, parties in (("wallet:", transfers.wallet), ("counterparty:", other))
    }
    return {name: of for name, of in sorted(found.items()) if of.sum() >= LEAST_LISTED}


def _counted(listed: Mapping[str, NDArray[np.bool_]]) -> str:
    if not listed:
        return "none: the set address_labels is absent"
    own = sum(name.startswith("wallet:") for name in listed)
    return (
        f"{own} categories of the shared address labels that name wallets, {len(listed) - own} that name counterparties"
    )


def _born(times: NDArray[np.int64]) -> NDArray[np.str_]:
    years = times.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    return np.where(years <= _YEARS[0], f"{_YEARS[0]} or before", years.astype(np.str_)).astype(np.str_)
