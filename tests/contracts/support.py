"""What the contract tests share: reports and their signatures, terms of payments, and expected refusals."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ape.exceptions import ContractLogicError
from eth_abi import decode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils import keccak
from web3.exceptions import ContractLogicError as Web3LogicError

DOLLAR = 10**6
MODEL = bytes.fromhex("11" * 32)
EVIDENCE = bytes.fromhex("22" * 32)
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

REPORT_FIELDS = [
    ("paymentId", "bytes32"),
    ("overallScore", "uint8"),
    ("velocityScore", "uint8"),
    ("amountScore", "uint8"),
    ("patternScore", "uint8"),
    ("graphScore", "uint8"),
    ("timingScore", "uint8"),
    ("alerts", "uint32"),
    ("modelVersion", "bytes32"),
    ("evidenceHash", "bytes32"),
    ("issuedAt", "uint64"),
    ("expiresAt", "uint64"),
]
STATUS = ("None", "Pending", "Settled", "Held", "Blocked", "Rejected", "Cancelled", "Frozen", "Released")
LEVEL = ("Safe", "Low", "Medium", "High", "Critical")
REFUSAL = (
    "None",
    "SenderSanctioned",
    "RecipientSanctioned",
    "SanctionsUnavailable",
    "SenderFrozen",
    "RecipientFrozen",
    "JurisdictionBlocked",
    "TierClosed",
    "AbovePaymentLimit",
    "AboveDailyLimit",
    "AboveMonthlyLimit",
    "TravelRuleReference",
    "SenderBlacklisted",
    "RecipientBlacklisted",
)


def signer_account(number: int) -> LocalAccount:
    """A signing key of the tests."""
    account: LocalAccount = Account.from_key(number.to_bytes(32, "big"))
    return account


def reference() -> bytes:
    """A fresh payment reference."""
    return uuid.uuid4().bytes


@dataclass(frozen=True)
class Terms:
    """The contract's Payment."""

    sender: str
    recipient: str
    token: str
    amount: int
    ref: bytes = field(default_factory=reference)

    def tuple(self) -> tuple[str, str, str, int, bytes]:
        return (self.sender, self.recipient, self.token, self.amount, self.ref)

    def but(self, **changes: Any) -> Terms:
        return replace(self, **changes)


@dataclass(frozen=True)
class Report:
    """The contract's RiskReport."""

    paymentId: bytes  # noqa: N815 - the names are those of the typed data
    overallScore: int = 10  # noqa: N815
    velocityScore: int = 1  # noqa: N815
    amountScore: int = 2  # noqa: N815
    patternScore: int = 3  # noqa: N815
    graphScore: int = 4  # noqa: N815
    timingScore: int = 5  # noqa: N815
    alerts: int = 0
    modelVersion: bytes = MODEL  # noqa: N815
    evidenceHash: bytes = EVIDENCE  # noqa: N815
    issuedAt: int = 0  # noqa: N815
    expiresAt: int = 0  # noqa: N815

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name, _ in REPORT_FIELDS}

    def tuple(self) -> tuple[Any, ...]:
        return tuple(self.values().values())

    def but(self, **changes: Any) -> Report:
        return replace(self, **changes)


@dataclass(frozen=True)
class Domain:
    """The EIP-712 domain of an oracle."""

    contract: str
    chain_id: int
    name: str = "FraudOracle"
    version: str = "1"

    def message(self, primary: str, value: dict[str, Any]) -> Any:
        types = {"RiskReport": [{"name": name, "type": kind} for name, kind in REPORT_FIELDS]}
        if primary == "RiskReportBatch":
            types["RiskReportBatch"] = [{"name": "reports", "type": "RiskReport[]"}]
        return encode_typed_data(
            full_message={
                "domain": {
                    "name": self.name,
                    "version": self.version,
                    "chainId": self.chain_id,
                    "verifyingContract": self.contract,
                },
                "primaryType": primary,
                "types": {
                    "EIP712Domain": [
                        {"name": "name", "type": "string"},
                        {"name": "version", "type": "string"},
                        {"name": "chainId", "type": "uint256"},
                        {"name": "verifyingContract", "type": "address"},
                    ],
                    **types,
                },
                "message": value,
            }
        )

    def sign(self, report: Report, *signers: LocalAccount, compact: bool = False) -> bytes:
        message = self.message("RiskReport", report.values())
        return b"".join(_signature(signer, message, compact) for signer in signers)

    def sign_batch(self, reports: Sequence[Report], *signers: LocalAccount, compact: bool = False) -> bytes:
        message = self.message("RiskReportBatch", {"reports": [report.values() for report in reports]})
        return b"".join(_signature(signer, message, compact) for signer in signers)


def _signature(signer: LocalAccount, message: Any, compact: bool) -> bytes:
    signed = signer.sign_message(message)
    if not compact:
        return bytes(signed.signature)
    parity = signed.v - 27
    return int(signed.r).to_bytes(32, "big") + (int(signed.s) | (parity << 255)).to_bytes(32, "big")


def malleate(signature: bytes) -> bytes:
    """The other signature of the same key on the same digest: s in the upper half."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    return r + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([27 + 28 - v])


@contextmanager
def refused(error: Any, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Expect a revert with exactly this custom error, and these of its arguments; all of them are in what it gives."""
    found: dict[str, Any] = {}
    with pytest.raises(ContractLogicError) as caught:
        yield found
    decoded = _decode(caught.value, error)
    assert decoded is not None, f"{caught.value!r} is not {error.__name__}"
    found.update(decoded)
    for name, expected in arguments.items():
        assert _plain(found[name]) == _plain(expected), f"{name}: {found[name]} instead of {expected}"


@contextmanager
def refused_raw(error: Any, **arguments: Any) -> Iterator[None]:
    """As `refused`, for calls that web3 sends with bytes that no encoder makes."""
    with pytest.raises(Web3LogicError) as caught:
        yield
    found = _arguments(caught.value.data, error)
    assert found is not None, f"{caught.value!r} is not {error.__name__}"
    for name, expected in arguments.items():
        assert _plain(found[name]) == _plain(expected), f"{name}: {found[name]} instead of {expected}"


def _decode(raised: Any, error: Any) -> dict[str, Any] | None:
    """Arguments of a custom error, None where another one was raised.

    ape names the errors of contracts that it can trace; what comes up through an inner call is decoded here.
    """
    if type(raised).__name__ == error.__name__:
        return dict(raised.inputs)
    data = getattr(raised.base_err, "data", None) or str(raised).replace("custom error ", "").replace(": ", "")
    return _arguments(data, error)


def _arguments(data: Any, error: Any) -> dict[str, Any] | None:
    """Those in the revert data of a custom error, None where it is another's."""
    abi = error.abi
    if not isinstance(data, str) or data[:10] != "0x" + keccak(text=abi.selector)[:4].hex():
        return None
    try:
        arguments = bytes.fromhex(data[10:])
    except ValueError:  # anvil shows as text what can be read as text
        arguments = data[10:].encode()
    values = decode([argument.canonical_type for argument in abi.inputs], arguments)
    return {argument.name: value for argument, value in zip(abi.inputs, values, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, str) or hasattr(value, "address") else value


def events(receipt: Any, event: Any) -> list[Any]:
    """The events of one kind in a receipt."""
    return list(receipt.decode_logs(event))


def only(receipt: Any, event: Any, **arguments: Any) -> Any:
    """The one event of its kind in a receipt, with these arguments."""
    found = events(receipt, event)
    assert len(found) == 1, found
    for name, expected in arguments.items():
        actual = found[0].event_arguments[name]
        assert _plain(actual) == _plain(expected), f"{name}: {actual} instead of {expected}"
    return found[0]


def replace_code(system: Any, address: str, code: bytes) -> None:
    """Put other code at an address."""
    system.chain.provider.make_request("anvil_setCode", [address, "0x" + code.hex()])


def answering(data: bytes, ending: str) -> bytes:
    """PUSH2 size, PUSH1 14, PUSH1 0, CODECOPY, PUSH2 size, PUSH1 0, and how it ends; the data behind it."""
    size = len(data).to_bytes(2, "big").hex()
    return bytes.fromhex(f"61{size}600e60003961{size}6000{ending}") + data


def reverting_with(data: bytes) -> bytes:
    """Code that reverts with `data` whatever it is asked."""
    return answering(data, "fd")


def returning(data: bytes) -> bytes:
    """Code that returns `data` whatever it is asked."""
    return answering(data, "f3")
