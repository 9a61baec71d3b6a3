"""Reports as typed data, and the keys that sign them."""

from oracle.signing.keystore import (
    create_keystore,
    load_signer,
    open_keystore,
    parse_key,
    read_password,
    read_signer,
    refuse_plain_key,
)
from oracle.signing.report import RiskReport, SignedReport, merged
from oracle.signing.signature import Signature
from oracle.signing.signer import LocalSigner, SignedTransaction
from oracle.signing.typed_data import ReportDigests

__all__ = [
    "LocalSigner",
    "ReportDigests",
    "RiskReport",
    "Signature",
    "SignedReport",
    "SignedTransaction",
    "create_keystore",
    "load_signer",
    "merged",
    "open_keystore",
    "parse_key",
    "read_password",
    "read_signer",
    "refuse_plain_key",
]
