"""From reports to what others can check: digest, signer and signature beside them."""

from collections.abc import Sequence

from oracle.signing.report import RiskReport, SignedBatch, SignedReport
from oracle.signing.signer import LocalSigner
from oracle.signing.typed_data import ReportDigests


def signed_report(report: RiskReport, digests: ReportDigests, signer: LocalSigner) -> SignedReport:
    """The report under this signature."""
    digest = digests.report(report)
    return SignedReport(report, "0x" + digest.hex(), signer.address, "0x" + signer.sign(digest).full().hex())


def signed_batch(reports: Sequence[RiskReport], digests: ReportDigests, signer: LocalSigner) -> SignedBatch:
    """The reports, in this order, under one signature."""
    digest = digests.batch(reports)
    return SignedBatch(tuple(reports), "0x" + digest.hex(), signer.address, "0x" + signer.sign(digest).full().hex())
