"""Addresses that others have listed: sanctions, and labels of all kinds (shared sets `sanctions`, `address_labels`)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oracle.datasets import cells
from oracle.datasets.folder import Origin, locate, locate_all
from oracle.datasets.tables import read
from oracle.errors import DataInvalid

SANCTIONS_ORIGIN = Origin(
    "the public repository 0xB10C/ofac-sanctioned-digital-currency-addresses (MIT), commit f2aee22",
    "sanctions/ with one ofac_<currency>.txt (or sanctioned_addresses_<currency>.txt) each, an address a line",
)
LABELS_ORIGIN = Origin(
    "the public repositories forta-network/labelled-datasets (MIT), brianleect/etherscan-labels (MIT) and Raphtory/Data"
    " (Apache-2.0)",
    "address_labels/ with labels.csv.gz",
)


class AddressFormat(StrEnum):
    """What an address looks like; the currency of a list does not say it, as tokens live on several chains."""

    EVM = "evm"
    TRON = "tron"
    BITCOIN = "bitcoin"
    OTHER = "other"


_FORMATS = {
    AddressFormat.EVM: re.compile("0x[0-9a-fA-F]{40}"),
    AddressFormat.TRON: re.compile("T[1-9A-HJ-NP-Za-km-z]{33}"),
    AddressFormat.BITCOIN: re.compile("[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[0-9a-z]{11,71}"),
    AddressFormat.OTHER: re.compile("(?!0x)[0-9A-Za-z:]{20,120}"),
}


@dataclass(frozen=True, slots=True, order=True)
class Sanctioned:
    """One line of a list.

    `address` is in lower case if it is an EVM chain's, else as it stands, because case matters there; `currency` as the
    file's name says it.
    """

    currency: str
    address: str
    format: AddressFormat
    file: str


@dataclass(frozen=True, slots=True, order=True)
class AddressLabel:
    """What `source` says of a lower-case address: a category such as "phish" or "exchange", and a name, often empty."""

    address: str
    category: str
    name: str
    source: str


def load_sanctions(path: Path) -> tuple[Sanctioned, ...]:
    """Sorted, each address once per currency: 182 in the shared set (156 different EVM addresses), as of 2024-09-27.

    `path`: the folder, or one of its files. Raises DataMissing, and DataInvalid for a line that is no address.
    """
    files = locate_all(path, ("ofac_*.txt", "sanctioned_addresses_*.txt"), SANCTIONS_ORIGIN)
    return tuple(sorted({entry for file in files for entry in _sanctioned(file)}))


def load_address_labels(path: Path) -> tuple[AddressLabel, ...]:
    """In the order of the file: 76,962 in the shared set, of 49,720 addresses. `path`: the folder, or the file.

    Never a feature of a model that is trained or tested on labels of the same wallets: the lists name many of them.
    Raises DataMissing, DataInvalid, ToolMissing.
    """
    file = locate(path, ("labels.csv.gz", "labels.csv"), LABELS_ORIGIN)
    entries: list[AddressLabel] = []
    for batch in read(file, ("address", "category", "name", "source")):
        columns = (
            cells.addresses(batch, "address"),
            cells.names(batch, "category"),
            cells.names(batch, "name", empty=True),
            cells.names(batch, "source"),
        )
        entries += [AddressLabel(*cut) for cut in zip(*(column.each() for column in columns), strict=True)]
    return tuple(entries)


def _sanctioned(file: Path) -> list[Sanctioned]:
    currency = file.stem.rpartition("_")[2]
    entries: list[Sanctioned] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text:
            continue
        known = next((kind for kind, pattern in _FORMATS.items() if pattern.fullmatch(text)), None)
        if known is None:
            raise DataInvalid(
                path=file,
                row=number,
                column=None,
                value=text,
                problem="is no address",
                remedy="Give one address a line and nothing else, or get the list again; see docs/data.md.",
            )
        entries.append(Sanctioned(currency, text.lower() if known is AddressFormat.EVM else text, known, file.name))
    if not entries:
        raise DataInvalid(
            path=file,
            row=None,
            column=None,
            value=None,
            problem="is empty",
            remedy="Get the list again: an empty one would screen nobody. See docs/data.md.",
        )
    return entries
