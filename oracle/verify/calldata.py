"""The reports that a settlement brought: its events carry the median's, its calldata all of them, with their times."""

from collections.abc import Iterator
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from oracle.chain.abi import Function, load_abi
from oracle.errors import InvalidReport
from oracle.signing import RiskReport

BY_REPORTS = ("settleNow", "settleBatch", "payInstant", "payInstantWithPermit", "payInstantWithAuthorization")


def reports_on(payment_id: str, calldata: str) -> tuple[RiskReport, ...]:
    """The distinct reports on a payment in a transaction's calldata (0x hex), in their order.

    The call may lie within another one (an account that is a contract, a bundle): every place at which a settling
    function's selector stands is tried. Empty where there is none, or where it cannot be read.
    """
    found: dict[RiskReport, None] = {}
    functions = load_abi("PayFlowCore").functions
    for name in BY_REPORTS:
        for arguments in _calls(functions[name], bytes.fromhex(calldata.removeprefix("0x"))):
            for report in _reports(arguments[1]):
                if report.payment_id == payment_id:
                    found[report] = None
    return tuple(found)


def calls(name: str, calldata: str) -> bool:
    """Whether calldata calls that function of the core, itself or within another call."""
    function = load_abi("PayFlowCore").functions[name]
    return any(True for _ in _calls(function, bytes.fromhex(calldata.removeprefix("0x"))))


def _calls(function: Function, data: bytes) -> Iterator[list[Any]]:
    types = [one.type for one in function.inputs]
    at = data.find(function.selector)
    while at >= 0:
        try:
            values = decode(types, data[at + 4 :])
            yield [one.plain(value) for one, value in zip(function.inputs, values, strict=True)]
        except (DecodingError, ValueError, OverflowError):
            pass  # four bytes that only look like the selector
        at = data.find(function.selector, at + 1)


def _reports(brought: list[dict[str, Any]]) -> Iterator[RiskReport]:
    """Of `SignedReport[]` and `SignedBatch[]`."""
    for one in brought:
        for raw in one["reports"] if "reports" in one else [one["report"]]:
            try:
                yield RiskReport(
                    payment_id=raw["paymentId"],
                    overall_score=raw["overallScore"],
                    velocity_score=raw["velocityScore"],
                    amount_score=raw["amountScore"],
                    pattern_score=raw["patternScore"],
                    graph_score=raw["graphScore"],
                    timing_score=raw["timingScore"],
                    alerts=raw["alerts"],
                    model_version=raw["modelVersion"],
                    evidence_hash=raw["evidenceHash"],
                    issued_at=raw["issuedAt"],
                    expires_at=raw["expiresAt"],
                )
            except InvalidReport:
                continue  # the contract did not take it either
