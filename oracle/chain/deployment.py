"""deployments/<chain id>.json as a typed value: what the oracle knows of the contracts before it asks them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, Inexact, localcontext
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from oracle.errors import DeploymentInvalid, DeploymentMissing, InvalidAmount, TokenUnknown

CONTRACTS = ("FraudOracle", "PayFlowCore", "ComplianceEngine")


def _hex(digits: int) -> AfterValidator:
    pattern = re.compile(rf"0x[0-9a-fA-F]{{{digits}}}")

    def lower(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"expected 0x and {digits} hexadecimal digits")
        return value.lower()

    return AfterValidator(lower)


Address = Annotated[str, _hex(40)]
Hash = Annotated[str, _hex(64)]


@dataclass(frozen=True, slots=True)
class Token:
    """An accepted token; `address` in lower case."""

    address: str
    symbol: str
    decimals: int

    def units(self, amount: str | int) -> int:
        """Base units of an amount in whole tokens ("12.5" with 6 decimals is 12500000); exact. Raises InvalidAmount."""
        try:
            with localcontext(prec=200) as context:
                context.traps[Inexact] = True  # refuse what would be rounded
                scaled = Decimal(amount).scaleb(self.decimals)
                fits = 0 < scaled < 2**256  # before int(), which would spell out 1e999999
        except (ArithmeticError, ValueError):
            raise InvalidAmount(value=str(amount), problem="expected a decimal number such as 12.50") from None
        if not fits:
            raise InvalidAmount(value=str(amount), problem="expected more than zero and less than 2^256 base units")
        whole = int(scaled)
        if scaled != whole:
            raise InvalidAmount(value=str(amount), problem=f"{self.symbol} has {self.decimals} decimal places")
        return whole

    def text(self, units: int) -> str:
        """The amount in whole tokens, all decimal places, no float in between: 12500000 is "12.500000"."""
        if self.decimals == 0:
            return str(units)
        digits = f"{units:0{self.decimals + 1}d}"
        return f"{digits[: -self.decimals]}.{digits[-self.decimals :]}"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class DeployedContract(_Part):
    """One contract; `block` is where it was created, `code_hash` the keccak of its run-time code."""

    address: Address
    block: Annotated[int, Field(ge=0)]
    transaction: Hash
    code_hash: Hash
    constructor: Mapping[str, Any] = Field(default_factory=dict)


class _TokenEntry(_Part):
    address: Address
    symbol: Annotated[str, Field(min_length=1)]
    decimals: Annotated[int, Field(ge=0, le=77)]


class _Document(_Part):
    schema_: Literal[1] = Field(alias="schema")
    chain_id: Annotated[int, Field(ge=1)]
    genesis_hash: Hash
    contracts: Mapping[str, DeployedContract]
    tokens: tuple[_TokenEntry, ...] = ()
    signers: tuple[Address, ...] = ()
    quorum: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment of one chain. `signers` and `quorum` are those at deployment: the contract has today's."""

    path: Path
    chain_id: int
    genesis_hash: str
    oracle: DeployedContract
    core: DeployedContract
    compliance: DeployedContract
    tokens: tuple[Token, ...]
    signers: tuple[str, ...]
    quorum: int

    @property
    def first_block(self) -> int:
        """The earliest block that can hold an event of these contracts."""
        return min(one.block for one in (self.oracle, self.core, self.compliance))

    def token(self, name: str | None) -> Token:
        """The token of that address or symbol, in any letter case; None gives the first. Raises TokenUnknown."""
        wanted = (name or "").lower()
        for token in self.tokens:
            if name is None or wanted in (token.address, token.symbol.lower()):
                return token
        raise TokenUnknown(token=name or "", known=tuple(f"{one.symbol} {one.address}" for one in self.tokens))


def load_deployment(path: Path, *, chain_id: int | None = None) -> Deployment:
    """Read a deployment file; `chain_id`, where given, must be its chain.

    Raises DeploymentMissing, DeploymentInvalid (which names the field).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise DeploymentMissing(path=path, chain_id=chain_id) from None
    except (OSError, UnicodeDecodeError) as unreadable:
        raise DeploymentInvalid(path=path, field="", problem=f"it cannot be read ({unreadable})") from None
    try:
        document = _Document.model_validate(json.loads(text))
    except json.JSONDecodeError as broken:
        raise DeploymentInvalid(
            path=path, field="", problem=f"it is not JSON ({broken.msg}, line {broken.lineno})"
        ) from None
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        raise DeploymentInvalid(
            path=path, field=".".join(str(part) for part in first["loc"]), problem=first["msg"]
        ) from None
    for name in CONTRACTS:
        if name not in document.contracts:
            raise DeploymentInvalid(path=path, field=f"contracts.{name}", problem="it is missing")
    if chain_id is not None and document.chain_id != chain_id:
        raise DeploymentInvalid(path=path, field="chain_id", problem=f"{document.chain_id} instead of {chain_id}")
    return Deployment(
        path=path,
        chain_id=document.chain_id,
        genesis_hash=document.genesis_hash,
        oracle=document.contracts["FraudOracle"],
        core=document.contracts["PayFlowCore"],
        compliance=document.contracts["ComplianceEngine"],
        tokens=tuple(Token(one.address, one.symbol, one.decimals) for one in document.tokens),
        signers=document.signers,
        quorum=document.quorum,
    )
