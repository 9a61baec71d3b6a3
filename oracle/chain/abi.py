"""Encoding and decoding by the contracts' committed ABIs.

Values in are what eth_abi takes (addresses as hex text, fixed bytes as bytes). Values out are plain: addresses and
fixed bytes as lower-case 0x hex, integers, text, structs as dicts by member name. Text that is no UTF-8, and NUL, which
no database keeps, comes out with U+FFFD in the place of such bytes: whoever may write a note on chain must not be able
to stop those who read it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import encode
from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import BaseEquals, registry

from oracle.chain.answers import Answer, brief, is_data
from oracle.errors import ContractRefused, RpcInconsistent
from oracle.signing.hashing import keccak

Plain = Any
"""int, str, bool, list or dict of these."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input, output or member: its name, canonical type and members where it is a struct."""

    name: str
    type: str
    indexed: bool
    members: tuple["Parameter", ...]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Parameter":
        """From an ABI entry."""
        members = tuple(cls.of(member) for member in entry.get("components", ()))
        suffix = entry["type"].removeprefix("tuple")
        kind = f"({','.join(member.type for member in members)}){suffix}" if members else entry["type"]
        return cls(entry["name"], kind, bool(entry.get("indexed")), members)

    def plain(self, value: Any) -> Plain:
        """A decoded value in the form that this module promises."""
        if self.type.endswith("]"):
            inner = Parameter(self.name, self.type[: self.type.rindex("[")], False, self.members)
            return [inner.plain(item) for item in value]
        if self.members:
            return {member.name: member.plain(item) for member, item in zip(self.members, value, strict=True)}
        if isinstance(value, bytes):
            return "0x" + value.hex()
        if isinstance(value, str):
            return value.lower() if self.type == "address" else value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return value


@dataclass(frozen=True, slots=True)
class Function:
    """A function: `selector` is its first four bytes of calldata."""

    signature: str
    selector: bytes
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]

    def call_data(self, *arguments: Any) -> str:
        """Calldata as 0x hex."""
        return self.call_encoded(encode([one.type for one in self.inputs], arguments))

    def call_encoded(self, arguments: bytes) -> str:
        """Calldata as 0x hex, of arguments that are encoded already."""
        return "0x" + (self.selector + arguments).hex()

    def result(self, data: str) -> Plain:
        """The returned value; a tuple where there are several. Raises DecodingError."""
        values = decode([one.type for one in self.outputs], _bytes(data))
        plain = tuple(one.plain(value) for one, value in zip(self.outputs, values, strict=True))
        return plain[0] if len(plain) == 1 else plain


@dataclass(frozen=True, slots=True)
class Event:
    """An event: `topic` is the first topic of its logs."""

    name: str
    topic: str
    inputs: tuple[Parameter, ...]

    def arguments(self, topics: Sequence[str], data: str) -> dict[str, Plain]:
        """The named arguments of one log. Raises DecodingError."""
        values: dict[str, Plain] = {}
        indexed = [one for one in self.inputs if one.indexed]
        if len(topics) != 1 + len(indexed):
            raise DecodingError(f"{len(topics)} topics instead of {1 + len(indexed)}")
        for one, topic in zip(indexed, topics[1:], strict=True):
            # an indexed value of dynamic type is only its hash: given as such
            kind = "bytes32" if one.type in ("string", "bytes") or one.members or one.type.endswith("]") else one.type
            values[one.name] = Parameter(one.name, kind, True, ()).plain(decode([kind], _bytes(topic))[0])
        rest = [one for one in self.inputs if not one.indexed]
        decoded = decode([one.type for one in rest], _bytes(data))
        values.update((one.name, one.plain(value)) for one, value in zip(rest, decoded, strict=True))
        return values


class ContractAbi:
    """The ABI of one contract: functions by name (or full signature where overloaded), events, custom errors."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.functions: dict[str, Function] = {}
        self.events: dict[str, Event] = {}
        self.errors: dict[bytes, Function] = {}
        for entry in entries:
            inputs = tuple(Parameter.of(one) for one in entry.get("inputs", ()))
            signature = f"{entry.get('name', '')}({','.join(one.type for one in inputs)})"
            digest = keccak(signature.encode())
            if entry["type"] == "function":
                outputs = tuple(Parameter.of(one) for one in entry.get("outputs", ()))
                function = Function(signature, digest[:4], inputs, outputs)
                self.functions[signature] = function
                self.functions.setdefault(entry["name"], function)
            elif entry["type"] == "event":
                self.events[entry["name"]] = Event(entry["name"], "0x" + digest.hex(), inputs)
            elif entry["type"] == "error":
                self.errors[digest[:4]] = Function(signature, digest[:4], inputs, inputs)


# the two errors that Solidity itself raises: require(…, "text") and a failed assertion, overflow or the like
_BUILT_IN = ContractAbi(
    [
        {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
        {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
    ]
)


@cache
def load_abi(name: str) -> ContractAbi:
    """The committed ABI of a contract ("PayFlowCore")."""
    text = resources.files("oracle.chain").joinpath("abi", f"{name}.json").read_text(encoding="utf-8")
    return ContractAbi(json.loads(text))


def returned(function: Function, answer: Answer) -> Plain:
    """What a view answered. Raises RpcInconsistent where that is no such answer, as of a node without the code."""
    data = answer.data()
    try:
        return function.result(data)
    except DecodingError as broken:
        problem = f"{brief(data)} is no answer of {function.signature} ({type(broken).__name__})"
        raise RpcInconsistent(endpoint=answer.endpoint, problem=problem) from None


def refusal(call: str, data: str | None, abis: Sequence[ContractAbi]) -> ContractRefused:
    """The error that a call's revert data stands for, looked up in `abis`; `call` says what was tried."""
    for abi in (*abis, _BUILT_IN):
        try:
            raw = _bytes(data or "0x")
            found = abi.errors.get(raw[:4])
            if found is None:
                continue
            values = decode([one.type for one in found.inputs], raw[4:])
        except DecodingError:
            continue
        arguments = {
            one.name or str(index): one.plain(value)
            for index, (one, value) in enumerate(zip(found.inputs, values, strict=True))
        }
        return ContractRefused(call=call, error=found.signature.split("(")[0], arguments=arguments, raw=data or "")
    return ContractRefused(call=call, error="", arguments={}, raw=data or "")


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """As eth_abi does, but for text that is no UTF-8. Raises DecodingError."""
    try:
        return _codec().decode(types, data)
    except (OverflowError, TypeError, ValueError) as broken:  # eth_abi's way with offsets beyond any data
        raise DecodingError(str(broken)) from None


def _bytes(data: object) -> bytes:
    if not isinstance(data, str) or not is_data(data):
        raise DecodingError(f"{brief(data)} is not bytes as 0x hex")
    return bytes.fromhex(data[2:])


@cache
def _codec() -> ABICodec:
    forgiving: Any = registry.copy()  # type: ignore[no-untyped-call]
    text = StringDecoder(handle_string_errors="replace")  # type: ignore[no-untyped-call]
    forgiving.unregister_decoder("string")
    forgiving.register_decoder(BaseEquals("string", with_sub=False), text, label="string")  # type: ignore[no-untyped-call]
    return ABICodec(forgiving)
