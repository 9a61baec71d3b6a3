"""IBM AMLworld: simulated bank transfers with laundering attempts in 8 typologies (Altman et al. 2023), whole or the
attempts alone."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from oracle.datasets import cells
from oracle.datasets.build import Builder
from oracle.datasets.cells import Coded
from oracle.datasets.folder import Origin, locate
from oracle.datasets.tables import Batch, arrow, read, refuse_file
from oracle.datasets.transfers import Token, Transfers
from oracle.errors import DataInvalid

ORIGIN = Origin(
    "the public data set ealtman2019/ibm-transactions-for-anti-money-laundering-aml on Kaggle (CDLA-Sharing-1.0)",
    "amlworld/ with one <size>_Trans.csv, such as HI-Small_Trans.csv, and its <size>_Patterns.txt",
)
PATTERNS_ORIGIN = Origin(ORIGIN.source, "ibm_aml_hi_small/ with laundering_patterns.csv")
COLUMNS = (
    "Timestamp",
    "From Bank",
    "Account",
    "To Bank",
    "Account.1",
    "Amount Received",
    "Receiving Currency",
    "Amount Paid",
    "Payment Currency",
    "Payment Format",
    "Is Laundering",
)
PATTERN_COLUMNS = (
    "typology",
    "timestamp",
    "from_bank",
    "from_account",
    "to_bank",
    "to_account",
    "amount_paid",
    "payment_currency",
    "is_laundering",
)
MINUTE = "^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}$"
EXAMPLE = "2022/09/01 00:06"
CENTS, SATOSHIS = 2, 8
BEGIN, END = "BEGIN LAUNDERING ATTEMPT - ", "END LAUNDERING ATTEMPT"
BANKS = (1, 3)


def load_amlworld(path: Path) -> Transfers:
    """A whole data set: 5,078,345 rows in HI-Small. `path`: the folder, or the file of transfers.

    Each row is labelled itself (`Is Laundering`). `kind` is the typology of its attempt, from the file of patterns
    beside it if there is one; laundering outside of any attempt has none. Parties are "bank:account", amounts what is
    paid, in the currency of payment. Times are read as UTC; the file is not in their order, rows are brought into it.
    Raises DataMissing, DataInvalid (a pattern that is none of the rows too) and ToolMissing.
    """
    file = locate(path, ("*_Trans.csv", "*_Trans.csv.gz"), ORIGIN)
    beside = file.with_name(file.name.partition("_Trans.")[0] + "_Patterns.txt")
    known = _attempts(beside) if beside.is_file() else {}
    builder = Builder("amlworld")
    tokens: dict[str, Token] = {}
    for batch in read(file, COLUMNS):
        currency = cells.names(batch, "Payment Currency")
        tokens |= {name: _currency(name) for name in currency.names}
        label = cells.flags(batch, "Is Laundering")
        builder.add(
            path=file,
            first=batch.first,
            time=cells.moments(batch, "Timestamp", MINUTE, EXAMPLE),
            sender=_party(batch, "From Bank", "Account"),
            recipient=_party(batch, "To Bank", "Account.1"),
            token=currency,
            amount=cells.decimals(batch, "Amount Paid"),
            label=label,
            kind=_typologies(batch, np.flatnonzero(label).tolist(), known),
        )
    left = [line for lines in known.values() for line, _ in lines]
    if left:
        raise DataInvalid(
            path=beside,
            row=min(left),
            column=None,
            value=None,
            problem=f"this transfer is not among the laundering rows of {file.name}",
            remedy="Get both files from the same version of the data set.",
        )
    return builder.finish([file, beside] if beside.is_file() else [file], tokens)


def load_patterns(path: Path) -> Transfers:
    """The transfers of laundering attempts in HI-Small alone: 2,061 rows in the shared set, all labelled 1.

    `kind` is the typology; else as `load_amlworld`. Raises DataMissing, DataInvalid, ToolMissing.
    """
    file = locate(path, ("laundering_patterns.csv",), PATTERNS_ORIGIN)
    builder = Builder("patterns")
    tokens: dict[str, Token] = {}
    for batch in read(file, PATTERN_COLUMNS):
        currency = cells.names(batch, "payment_currency")
        tokens |= {name: _currency(name) for name in currency.names}
        builder.add(
            path=file,
            first=batch.first,
            time=cells.moments(batch, "timestamp", MINUTE, EXAMPLE),
            sender=_party(batch, "from_bank", "from_account"),
            recipient=_party(batch, "to_bank", "to_account"),
            token=currency,
            amount=cells.decimals(batch, "amount_paid"),
            label=cells.flags(batch, "is_laundering"),
            kind=cells.names(batch, "typology"),
        )
    return builder.finish([file], tokens)


def _currency(name: str) -> Token:
    return Token(name, name, SATOSHIS if name == "Bitcoin" else CENTS, name == "US Dollar")


def _party(batch: Batch, bank: str, account: str) -> Coded:
    """ "bank:account", because an account number may exist at several banks."""
    compute = arrow().compute
    cells.matching(batch, bank, "^[0-9]+$", "is no number of a bank")
    cells.matching(batch, account, r"^\S+$", "is no account")
    number = compute.replace_substring_regex(cells.texts(batch, bank), "^0+([0-9])", r"\1")
    joined = compute.binary_join_element_wise(number, cells.texts(batch, account), ":")
    return cells.names(Batch(batch.path, {account: joined}, batch.first), account)


def _attempts(path: Path) -> dict[tuple[str, ...], list[tuple[int, str]]]:
    """The lines of the file of patterns: for each transfer, where it stands and its typology."""
    known: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    typology = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith(BEGIN):
            typology = text.removeprefix(BEGIN).partition(":")[0].strip()
        elif text.startswith(END):
            typology = ""
        elif text:
            cut = text.split(",")
            if not typology or len(cut) != len(COLUMNS):
                refuse_file(path, "is neither a transfer of an attempt nor the begin or end of one", row=number)
            known[_key(cut)].append((number, typology))
    if not known:
        refuse_file(path, "holds no laundering attempt")
    return dict(known)


def _typologies(batch: Batch, rows: list[int], known: dict[tuple[str, ...], list[tuple[int, str]]]) -> Coded:
    """The typologies of these rows, "" for all others; each line of the file of patterns speaks for one row."""
    found: list[str] = [""]
    codes = np.zeros(len(batch), np.int64)
    columns: list[Any] = [batch.columns[column].take(arrow().array(rows, arrow().int64())) for column in COLUMNS]
    for row, cut in zip(rows, zip(*(column.to_pylist() for column in columns), strict=True), strict=True):
        key = _key(cut)
        if lines := known.get(key):
            typology = lines.pop(0)[1]
            if typology not in found:
                found.append(typology)
            codes[row] = found.index(typology)
    return Coded(codes, found)


def _key(cut: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """A transfer as text, banks without leading zeros, which one version of the data writes and another does not."""
    return tuple(text.strip().lstrip("0") if place in BANKS else text.strip() for place, text in enumerate(cut))
