"""A bank of 20,000 simulated accounts with fan-in and cycle alerts, by IBM's AMLSim (shared set `amlsim`)."""

from pathlib import Path
from typing import Literal

import numpy as np

from oracle.datasets import cells
from oracle.datasets.build import Builder, one_name
from oracle.datasets.folder import Origin, locate
from oracle.datasets.tables import read
from oracle.datasets.transfers import Token, Transfers

ORIGIN = Origin(
    "the public repository IBM/AMLSim (Apache-2.0), commit 7338a4b",
    "amlsim/ with transactions.csv.gz (or transactions.csv) and nodes.csv",
)
DAY = 86_400
TOKENS = {"USD": Token("USD", "USD", 2, True)}
Side = Literal["sender", "recipient"]


def load_amlsim(folder: Path, side: Side = "sender") -> Transfers:
    """120,558 transactions in the shared set; labels are per account, `wallet` the account on `side` of each row.

    A step of the simulation is a day: `time` is step x 86,400 s. Raises DataMissing, DataInvalid, ToolMissing.
    """
    nodes_file = locate(folder, ("nodes.csv",), ORIGIN)
    file = locate(folder, ("transactions.csv.gz", "transactions.csv"), ORIGIN)
    fraud: dict[str, int] = {}
    for batch in read(nodes_file, ("nodeid", "isFraud")):
        accounts = cells.names(batch, "nodeid").each()
        fraud.update(zip(accounts, cells.flags(batch, "isFraud").tolist(), strict=True))
    builder = Builder("amlsim")
    for batch in read(file, ("sourceNodeId", "targetNodeId", "value", "time")):
        sender, recipient = cells.names(batch, "sourceNodeId"), cells.names(batch, "targetNodeId")
        for column, accounts_of in (("sourceNodeId", sender), ("targetNodeId", recipient)):
            known = np.array([name in fraud for name in accounts_of.names], np.bool_)[accounts_of.codes]
            cells.demand(batch, column, known, f"is no account of {nodes_file.name}")
        wallet = sender if side == "sender" else recipient
        builder.add(
            path=file,
            first=batch.first,
            time=cells.integers(batch, "time", 0, 1 << 20) * DAY,
            sender=sender,
            recipient=recipient,
            token=one_name("USD", len(batch)),
            amount=cells.decimals(batch, "value"),
            label=np.array([fraud[name] for name in wallet.names], np.int8)[wallet.codes],
            wallet=wallet,
        )
    return builder.finish([file, nodes_file], TOKENS, ordered="time")
