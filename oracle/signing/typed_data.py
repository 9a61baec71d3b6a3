"""EIP-712 digests of reports, with everything that does not change from report to report computed once.

eth-account's general `encode_typed_data` walks the type graph on every call (about 0.2 ms); a report's members are all
static, so that its struct hash is one keccak over 13 words.
"""

from collections.abc import Sequence

from oracle.signing.hashing import keccak
from oracle.signing.report import RiskReport
from oracle.signing.words import words

DOMAIN_NAME = "FraudOracle"
DOMAIN_VERSION = "1"

DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
REPORT_TYPE = (
    "RiskReport(bytes32 paymentId,uint8 overallScore,uint8 velocityScore,uint8 amountScore,uint8 patternScore,"
    "uint8 graphScore,uint8 timingScore,uint32 alerts,bytes32 modelVersion,bytes32 evidenceHash,uint64 issuedAt,"
    "uint64 expiresAt)"
)
BATCH_TYPE = f"RiskReportBatch(RiskReport[] reports){REPORT_TYPE}"

DOMAIN_TYPE_HASH = keccak(DOMAIN_TYPE.encode())
REPORT_TYPE_HASH = keccak(REPORT_TYPE.encode())
BATCH_TYPE_HASH = keccak(BATCH_TYPE.encode())


class ReportDigests:
    """Digests under one domain: `chain_id` and the FraudOracle at `verifying_contract` (0x hex)."""

    def __init__(self, *, chain_id: int, verifying_contract: str) -> None:
        self.separator = keccak(
            DOMAIN_TYPE_HASH
            + keccak(DOMAIN_NAME.encode())
            + keccak(DOMAIN_VERSION.encode())
            + words((chain_id, verifying_contract))
        )
        self._prefix = b"\x19\x01" + self.separator

    def report(self, report: RiskReport) -> bytes:
        """The 32 bytes that a signer signs for one report."""
        return keccak(self._prefix + struct_hash(report))

    def batch(self, reports: Sequence[RiskReport]) -> bytes:
        """The 32 bytes that a signer signs once for `reports`, in this order."""
        # EIP-712: an array is encoded as the hash of its members' encodings, a struct member as its struct hash
        members = keccak(b"".join(struct_hash(report) for report in reports))
        return keccak(self._prefix + keccak(BATCH_TYPE_HASH + members))


def struct_hash(report: RiskReport) -> bytes:
    """EIP-712 hashStruct of a report."""
    return keccak(REPORT_TYPE_HASH + words(report.as_abi()))
