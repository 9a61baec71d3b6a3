"""SAML-D: simulated bank payments in 28 typologies, 17 of them laundering (Oztas et al. 2023)."""

from pathlib import Path

from oracle.datasets import cells
from oracle.datasets.build import Builder
from oracle.datasets.folder import Origin, locate
from oracle.datasets.tables import read
from oracle.datasets.transfers import Token, Transfers

ORIGIN = Origin(
    "the public data set berkanoztas/synthetic-transaction-monitoring-dataset-aml on Kaggle, under the"
    " licence that stands there",
    "samld/ with SAML-D.csv",
)
COLUMNS = (
    "Time",
    "Date",
    "Sender_account",
    "Receiver_account",
    "Amount",
    "Payment_currency",
    "Is_laundering",
    "Laundering_type",
)
CENTS = 2


def load_samld(path: Path) -> Transfers:
    """9,504,852 payments, each labelled itself, with its typology, "Normal_..." ones too, as `kind`.

    `path`: the folder, or the file. Times are read as UTC, and rows brought into their order. Amounts are what is paid,
    in the currency of payment. Raises DataMissing, DataInvalid, ToolMissing.
    """
    file = locate(path, ("SAML-D.csv",), ORIGIN)
    builder = Builder("samld")
    tokens: dict[str, Token] = {}
    for batch in read(file, COLUMNS):
        currency = cells.names(batch, "Payment_currency")
        tokens |= {name: Token(name, name, CENTS, name in ("US dollar", "US Dollar")) for name in currency.names}
        cells.matching(batch, "Date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "is no date like 2022-10-07")
        builder.add(
            path=file,
            first=batch.first,
            time=cells.moments(batch, "Time", "^[0-9]{2}:[0-9]{2}:[0-9]{2}$", "10:35:19", prefix="Date"),
            sender=cells.names(batch, "Sender_account"),
            recipient=cells.names(batch, "Receiver_account"),
            token=currency,
            amount=cells.decimals(batch, "Amount"),
            label=cells.flags(batch, "Is_laundering"),
            kind=cells.names(batch, "Laundering_type"),
        )
    return builder.finish([file], tokens)
