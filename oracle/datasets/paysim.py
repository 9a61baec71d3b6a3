"""PaySim: simulated mobile money, after a month of logs of a real service (Lopez-Rojas, Elmir and Axelsson 2016)."""

from pathlib import Path

from oracle.datasets import cells
from oracle.datasets.build import Builder, one_name
from oracle.datasets.folder import Origin, locate
from oracle.datasets.tables import read
from oracle.datasets.transfers import Token, Transfers

ORIGIN = Origin(
    "the public data set ealaxi/paysim1 on Kaggle, under the licence that stands there",
    "paysim/ with PS_20174392719_1491204439457_log.csv",
)
HOUR = 3_600
TOKENS = {"local": Token("local", "local", 2, False)}


def load_paysim(path: Path) -> Transfers:
    """6,362,620 payments, each labelled itself (`isFraud`). `path`: the folder, or the file.

    A step is an hour: `time` is step x 3,600 s. Amounts are in the service's local currency. The balances are not read:
    the simulator cancels frauds, so that they give the label away. Raises DataMissing, DataInvalid, ToolMissing.
    """
    file = locate(path, ("PS_*.csv", "*.csv"), ORIGIN)
    builder = Builder("paysim")
    for batch in read(file, ("step", "amount", "nameOrig", "nameDest", "isFraud")):
        builder.add(
            path=file,
            first=batch.first,
            time=cells.integers(batch, "step", 0, 1 << 20) * HOUR,
            sender=cells.names(batch, "nameOrig"),
            recipient=cells.names(batch, "nameDest"),
            token=one_name("local", len(batch)),
            amount=cells.decimals(batch, "amount"),
            label=cells.flags(batch, "isFraud"),
        )
    return builder.finish([file], TOKENS, ordered="step")
