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
from oracle.signing.report import RiskReport, SignedBatch, SignedReport, merged, merged_batches
from oracle.signing.signature import Signature
from oracle.signing.signed import signed_batch, signed_report
from oracle.signing.signer import LocalSigner, SignedTransaction
from oracle.signing.typed_data import ReportDigests

__all__ = [
    "LocalSigner",
    "ReportDigests",
    "RiskReport",
    "Signature",
    "SignedBatch",
    "SignedReport",
    "SignedTransaction",
    "create_keystore",
    "load_signer",
    "merged",
    "merged_batches",
    "open_keystore",
    "parse_key",
    "read_password",
    "read_signer",
    "refuse_plain_key",
    "signed_batch",
    "signed_report",
]
