"""Real and simulated data sets of transfers, read exactly and checked cell by cell. docs/data.md lists them."""

from oracle.datasets.amlsim import load_amlsim
from oracle.datasets.amlworld import load_amlworld, load_patterns
from oracle.datasets.elliptic import load_elliptic
from oracle.datasets.exports import load_transfers
from oracle.datasets.folder import data_folder
from oracle.datasets.labelled import AccountLabels, load_account_labels, load_labelled, load_stablecoins
from oracle.datasets.lists import AddressFormat, AddressLabel, Sanctioned, load_address_labels, load_sanctions
from oracle.datasets.paysim import load_paysim
from oracle.datasets.poisoning import Payoffs, load_payoffs
from oracle.datasets.registry import DATA_SETS, NAMES, DataSet, load
from oracle.datasets.repeats import Distinct, among_first, first_per_wallet, without_repeats
from oracle.datasets.samld import load_samld
from oracle.datasets.transfers import UNLABELLED, Token, Transfers

__all__ = [
    "DATA_SETS",
    "NAMES",
    "UNLABELLED",
    "AccountLabels",
    "AddressFormat",
    "AddressLabel",
    "DataSet",
    "Distinct",
    "Payoffs",
    "Sanctioned",
    "Token",
    "Transfers",
    "among_first",
    "data_folder",
    "first_per_wallet",
    "load",
    "load_account_labels",
    "load_address_labels",
    "load_amlsim",
    "load_amlworld",
    "load_elliptic",
    "load_labelled",
    "load_patterns",
    "load_payoffs",
    "load_paysim",
    "load_samld",
    "load_sanctions",
    "load_stablecoins",
    "load_transfers",
    "without_repeats",
]
