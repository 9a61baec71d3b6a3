"""config/<network>.toml as a typed value."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from oracle.errors import DeployConfigInvalid

UNLIMITED = 2**64 - 1
"""What the contract takes for "no limit"."""
MAX_DAILY_CENTS = 2**28 - 1
MAX_MONTHLY_CENTS = 2**31 - 1
"""Largest finite limits that fit the contract's windows (libraries/RollingLimits.sol)."""


def _address(value: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise ValueError(f"{value!r} is no address (0x and 40 hexadecimal digits)")
    return value


Address = Annotated[str, AfterValidator(_address)]
Window = Annotated[int, Field(ge=60, le=30 * 86_400)]
Score = Annotated[int, Field(ge=1, le=95)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Roles(_Section):
    """Who holds which role. Devnet accounts may be named by their index instead: "test:3"."""

    admin: str
    risk_admins: tuple[str, ...] = Field(min_length=1)
    compliance: tuple[str, ...] = Field(min_length=1)
    reviewers: tuple[str, ...] = Field(min_length=1)
    pausers: tuple[str, ...] = Field(min_length=1)


class Oracle(_Section):
    """Signers, quorum, limits between the levels, longest validity of a report in seconds."""

    signers: tuple[str, ...] = Field(min_length=1, max_length=32)
    quorum: int = Field(ge=1, le=15)
    safe: Score = 20
    low: Score = 40
    medium: Score = 60
    high: Score = 80
    max_report_lifetime: int = Field(ge=60, le=30 * 86_400)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.quorum > len(self.signers):
            raise ValueError(f"quorum {self.quorum} needs as many signers, {len(self.signers)} are named")
        if len({signer.lower() for signer in self.signers}) != len(self.signers):
            raise ValueError("a signer is named twice")
        if not self.safe < self.low < self.medium < self.high:
            raise ValueError("safe < low < medium < high must hold")
        return self


class Core(_Section):
    """Seconds that a quorum, and a reviewer, have for a payment."""

    settle_window: Window
    review_window: Window


class TierLimits(_Section):
    """Limits of a tier in cents; "unlimited" where there is none."""

    per_payment: int | str
    daily: int | str
    monthly: int | str
    open: bool = True

    @model_validator(mode="after")
    def _fit(self) -> Self:
        per_payment, daily, monthly = self.cents
        if not 0 <= per_payment <= daily <= monthly:
            raise ValueError("per_payment <= daily <= monthly must hold")
        if daily != UNLIMITED and daily > MAX_DAILY_CENTS:
            raise ValueError(f"daily is at most {MAX_DAILY_CENTS} cents, or unlimited")
        if monthly != UNLIMITED and monthly > MAX_MONTHLY_CENTS:
            raise ValueError(f"monthly is at most {MAX_MONTHLY_CENTS} cents, or unlimited")
        return self

    @property
    def cents(self) -> tuple[int, int, int]:
        """As the contract takes them."""
        return _cents(self.per_payment), _cents(self.daily), _cents(self.monthly)


def _cents(limit: int | str) -> int:
    if isinstance(limit, int):
        return limit
    if limit != "unlimited":
        raise ValueError(f"{limit!r}: expected a number of cents or 'unlimited'")
    return UNLIMITED


class Compliance(_Section):
    """Tiers (the first is everybody's), travel-rule threshold in cents, external sanctions source."""

    tiers: tuple[TierLimits, ...] = Field(min_length=1, max_length=16)
    travel_rule_cents: int = Field(ge=1, lt=1 << 48)
    sanctions_source: Address | None = None


class DeployConfig(_Section):
    """A whole deployment. `change_delay`: seconds that every loosening waits."""

    chain_id: int = Field(ge=1)
    devnet: bool = False
    change_delay: int = Field(ge=1, le=30 * 86_400)
    roles: Roles
    oracle: Oracle
    core: Core
    compliance: Compliance
    tokens: tuple[Address, ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.oracle.max_report_lifetime < self.core.settle_window:
            raise ValueError(
                "oracle.max_report_lifetime must be at least core.settle_window: reports are valid until the deadline"
            )
        if not self.devnet and not self.tokens:
            raise ValueError("tokens must name at least one token outside of a devnet")
        if not self.devnet:
            named = [self.roles.admin, *self.roles.risk_admins, *self.roles.compliance, *self.roles.reviewers]
            for holder in (*named, *self.roles.pausers, *self.oracle.signers):
                _address(holder)
        return self


def load_config(path: Path) -> DeployConfig:
    """Read and check a configuration. Raises DeployConfigInvalid, which names the key."""
    try:
        return DeployConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise DeployConfigInvalid(path=path, field="", problem=f"it cannot be read ({unreadable})") from None
    except tomllib.TOMLDecodeError as broken:
        raise DeployConfigInvalid(path=path, field="", problem=f"it is not TOML ({broken})") from None
    except ValidationError as invalid:
        # an unknown key first: it is the misspelling because of which another one is missing
        found = sorted(invalid.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
        first = found[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DeployConfigInvalid(path=path, field=field, problem=first["msg"]) from None
