"""The reports that a settlement brought: its events carry the median's, its calldata all of them, with their times.

What is found here is what anybody wrote there: Solidity ignores bytes behind the arguments, and anyone may settle.
`oracle.verify.reports` keeps what was signed.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

from eth_abi.abi import encode
from eth_abi.codec import ABIDecoder
from eth_abi.decoding import ByteStringDecoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import registry

from oracle.chain.abi import Function, load_abi
from oracle.errors import InvalidReport
from oracle.signing import RiskReport

BY_REPORTS = ("settleNow", "settleBatch", "payInstant", "payInstantWithPermit", "payInstantWithAuthorization")


@dataclass(frozen=True, slots=True)
class Input:
    """A transaction's calldata. `direct`: the core itself was called, so that it read one call, from the first byte on;
    else the call lies within another one (an account that is a contract, a bundle), nobody knows where."""

    data: bytes
    direct: bool


@dataclass(frozen=True, slots=True)
class Brought:
    """Reports and the signatures in a row that are said to be on them. `batch`: each is on all of them at once."""

    reports: tuple[RiskReport, ...]
    batch: bool
    signatures: bytes


def brought_by(given: Input) -> Iterator[Brought]:
    """All that the settling functions are given in a transaction.

    Of a direct call what the core read; else every place at which a settling function's selector stands is tried.
    Nothing where there is none, or where it cannot be read.
    """
    functions = load_abi("PayFlowCore").functions
    for name in BY_REPORTS:
        for values in _calls(functions[name], given):
            arguments = [one.plain(value) for one, value in zip(functions[name].inputs, values, strict=True)]
            yield from _brought(arguments[1])


def calls(name: str, given: Input) -> bool:
    """Whether a transaction calls that function of the core, itself or within another call."""
    return any(True for _ in _calls(load_abi("PayFlowCore").functions[name], given))


def has_more(given: Input) -> bool:
    """Whether behind a direct call's arguments stands something that the core did not read."""
    if not given.direct:
        return False
    for function in load_abi("PayFlowCore").functions.values():
        for values in _calls(function, given):
            return len(given.data) > 4 + len(encode([one.type for one in function.inputs], values))
    return False


class _Bytes(ByteStringDecoder):
    """Byte strings as the contract reads them: it does not look at what pads a signature."""

    def read_data_from_stream(self, stream: BinaryIO) -> bytes:
        """The length, and so many bytes."""
        return stream.read(int.from_bytes(stream.read(32), "big"))


@cache
def _decoder() -> ABIDecoder:
    decoders = registry.copy()  # type: ignore[no-untyped-call]
    decoders.unregister_decoder("bytes")
    decoders.register_decoder("bytes", _Bytes)
    return ABIDecoder(decoders)


def _calls(function: Function, given: Input) -> Iterator[tuple[Any, ...]]:
    """The arguments of every call of the function."""
    types = [one.type for one in function.inputs]
    at = given.data.find(function.selector)
    while at == 0 or (at > 0 and not given.direct):
        # four bytes may only look like the selector
        with suppress(DecodingError, ValueError, OverflowError):
            yield _decoder().decode(types, given.data[at + 4 :])
        at = given.data.find(function.selector, at + 1)


def _brought(entries: list[dict[str, Any]]) -> Iterator[Brought]:
    """Of `SignedReport[]` or `SignedBatch[]`."""
    for one in entries:
        batch = "reports" in one
        try:
            reports = tuple(_report(raw) for raw in (one["reports"] if batch else [one["report"]]))
        except InvalidReport:
            continue  # the contract did not take it either
        yield Brought(reports, batch, bytes.fromhex(one["signatures"][2:]))


def _report(raw: dict[str, Any]) -> RiskReport:
    return RiskReport(
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
