"""The data sets by name, for commands: `payflow evaluate --data labelled`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oracle.datasets.amlsim import load_amlsim
from oracle.datasets.amlworld import load_amlworld, load_patterns
from oracle.datasets.elliptic import load_elliptic
from oracle.datasets.exports import load_transfers
from oracle.datasets.folder import data_folder
from oracle.datasets.labelled import load_labelled, load_stablecoins
from oracle.datasets.paysim import load_paysim
from oracle.datasets.samld import load_samld
from oracle.datasets.transfers import Transfers
from oracle.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set of transfers: its name for commands, the folder that it has below `data_folder()`, and its loader."""

    name: str
    folder: str
    load: Callable[[Path], Transfers]


DATA_SETS = (
    DataSet("labelled", "eth_transfers_labelled", load_labelled),
    DataSet("stablecoins", "eth_transfers_labelled", load_stablecoins),
    DataSet("patterns", "ibm_aml_hi_small", load_patterns),
    DataSet("amlsim", "amlsim", load_amlsim),
    DataSet("amlworld", "amlworld", load_amlworld),
    DataSet("elliptic", "elliptic", load_elliptic),
    DataSet("samld", "samld", load_samld),
    DataSet("paysim", "paysim", load_paysim),
    DataSet("transfers", "transfers", load_transfers),
)
NAMES = tuple(one.name for one in DATA_SETS)


def load(name: str, path: Path | None = None) -> Transfers:
    """The data set of this name, from `path` or from its folder below `data_folder()`.

    Raises ConfigurationError for another name, DataMissing, DataInvalid, ToolMissing.
    """
    for one in DATA_SETS:
        if one.name == name:
            return one.load(data_folder() / one.folder if path is None else path)
    raise ConfigurationError(f"There is no data set {name!r}. Choose one of {', '.join(NAMES)}.")
