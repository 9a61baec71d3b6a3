"""Everything that can be set, as one frozen object that `load_settings()` reads once and every part receives.

Sources, the first that names a value wins: keyword arguments, environment variables (`PAYFLOW_` and the field's name
in upper case), `payflow.toml` in the working folder (or the file that PAYFLOW_CONFIG names), the defaults below.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from oracle.errors import InvalidSetting

PREFIX = "PAYFLOW_"
CONFIG_FILE = "payflow.toml"
DEVNET_CHAINS = frozenset({1337, 31337})
"""Chain ids of local development networks: anvil and hardhat (31337), ganache and geth --dev (1337)."""

BlockTag = Literal["latest", "safe", "finalized"]


class Settings(BaseSettings):
    """All settings of a node, its API and the commands. Times in seconds, fees in gwei, sizes as named."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # --- the chain ---
    rpc_url: str = Field(
        "http://127.0.0.1:8545",
        description="HTTP address of the RPC node. Never logged beyond its host.",
        repr=False,
    )
    rpc_timeout: float = Field(10.0, ge=0.1, le=120, description="Seconds to wait for one answer of the RPC node.")
    rpc_retries: int = Field(
        3,
        ge=0,
        le=20,
        description="Further attempts for a read that failed. Transactions are never resent blindly.",
    )
    chain_id: int | None = Field(
        None,
        ge=1,
        description="The chain to insist on. Unset: the RPC node's, which the deployment file must confirm.",
    )
    deployments: Path = Field(Path("deployments"), description="Folder with one <chain id>.json per deployment.")
    deployment_file: Path | None = Field(
        None,
        description="One deployment file, where it does not lie in the deployments folder under its chain id.",
    )
    poll_interval: float = Field(0.5, ge=0.01, le=60, description="Seconds between two looks at the chain.")
    watch_tag: BlockTag = Field(
        "latest", description="Up to which block payments are scored. A reorganisation below it is rewound."
    )
    watch_confirmations: int = Field(0, ge=0, le=10_000, description="Blocks to stay behind watch_tag when scoring.")
    final_tag: BlockTag = Field(
        "finalized",
        description="From which block on an outcome counts as final and its transaction is put away.",
    )
    final_confirmations: int = Field(0, ge=0, le=10_000, description="Blocks to stay behind final_tag.")
    log_range: int = Field(500, ge=1, le=100_000, description="Blocks per backfill query at first; halved and doubled.")
    log_range_max: int = Field(2_000, ge=1, le=100_000, description="Blocks per backfill query at most.")
    block_history: int = Field(
        4_096,
        ge=64,
        le=1_000_000,
        description="Block hashes that the journal keeps to recognise a reorganisation.",
    )

    # --- the journal ---
    data_dir: Path = Field(Path(".payflow"), description="Folder for the journal, the lock file and what else is kept.")
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy address of the journal. Unset: SQLite as journal.sqlite3 in data_dir."
    )

    # --- the key ---
    keystore_file: Path | None = Field(None, description="Web3 Secret Storage (v3) file that holds the signing key.")
    password_file: Path | None = Field(None, description="File whose first line opens the keystore.")
    private_key: SecretStr | None = Field(
        None, description="The signing key as 0x hex, for devnets only; refused on any other chain."
    )

    # --- the model ---
    model_file: Path | None = Field(
        None, description="Risk model (safetensors). Unset: the one that ships with PayFlow."
    )

    # --- settling ---
    batch_size: int = Field(50, ge=1, le=100, description="Payments that one settlement transaction carries at most.")
    batch_wait: float = Field(
        0.0,
        ge=0,
        le=600,
        description="Seconds that a scored payment may wait for others to share its transaction.",
    )
    max_in_flight: int = Field(4, ge=1, le=64, description="Own transactions that may wait for inclusion at a time.")
    max_fee_gwei: float = Field(200.0, gt=0, le=100_000, description="Most that is paid per gas, tip included.")
    priority_fee_gwei: float = Field(1.0, ge=0, le=10_000, description="Tip per gas of a first attempt.")
    fee_bump_percent: float = Field(
        12.5,
        ge=12.5,
        le=100,
        description="By how much a replacement raises both fees. Clients refuse less than 10%.",
    )
    bump_after: float = Field(
        30.0,
        ge=0.1,
        le=3_600,
        description="Seconds without inclusion after which a transaction is replaced at its nonce.",
    )
    max_gas: int = Field(12_000_000, ge=100_000, le=100_000_000, description="Gas limit of one transaction at most.")
    gas_margin_percent: float = Field(30.0, ge=0, le=200, description="What is added to the RPC node's gas estimate.")
    retry_first: float = Field(2.0, ge=0.05, le=600, description="Seconds before a refused settlement is tried again.")
    retry_max: float = Field(
        300.0, ge=0.1, le=86_400, description="Seconds between two tries at most; each wait doubles."
    )
    retry_limit: int = Field(
        8,
        ge=1,
        le=1_000,
        description="Refusals after which a payment is shown as stuck; it is still tried every retry_max.",
    )
    deadline_margin: float = Field(
        0.0,
        ge=0,
        le=3_600,
        description="Seconds before the settle deadline from which on nothing is submitted any more.",
    )
    auto_reclaim: bool = Field(
        False,
        description="Send `reclaim` for payments past their deadline, so that senders need not do it themselves.",
    )

    # --- other nodes ---
    peers: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Base addresses of the other oracle nodes' APIs, separated by commas.", repr=False
    )
    peer_timeout: float = Field(3.0, ge=0.1, le=60, description="Seconds to wait for one peer.")

    submit_stagger: float = Field(
        4.0, ge=0, le=600, description="Seconds that a node of a quorum leaves each node before it to submit a payment."
    )

    # --- the API ---
    api_host: str = Field("127.0.0.1", min_length=1, description="Address that the API listens on.")
    api_port: int = Field(8080, ge=0, le=65_535, description="Port that the API listens on; 0 takes a free one.")
    api_key: SecretStr | None = Field(None, description="Key for the list endpoints. Unset: they are closed.")
    instant_lifetime: int = Field(
        120, ge=5, le=3_600, description="Seconds that a report for an instant payment stays valid."
    )
    request_bytes: int = Field(64 * 1024, ge=1_024, le=16 * 1024 * 1024, description="Largest request body, in bytes.")
    rate_per_minute: int = Field(
        600, ge=1, le=1_000_000, description="Requests that one client address may make a minute."
    )
    rate_burst: int = Field(60, ge=1, le=100_000, description="Requests that one client may make at once.")
    api_connections: int = Field(
        1_000,
        ge=16,
        le=100_000,
        description="Connections to the API at most, an eighth of them per address. Fewer where few files may be open.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses of reverse proxies, separated by commas. Their X-Forwarded-For says who a client is.",
    )
    feed_queue: int = Field(
        1_000, ge=10, le=1_000_000, description="Events that a slow live-feed client may lag behind."
    )

    # --- operations ---
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="How log lines look; auto: console on a terminal, JSON elsewhere."
    )
    clock_skew: float = Field(
        15.0,
        ge=1,
        le=600,
        description="Difference between this clock and the newest block's that health reports.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, first wins (pydantic-settings calls this)."""
        named = os.environ.get(f"{PREFIX}CONFIG")
        if named is not None and not Path(named).is_file():
            raise InvalidSetting(variable=f"{PREFIX}CONFIG", value=named, problem="names no file")
        toml = Path(named or CONFIG_FILE)
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=toml)

    @field_validator("rpc_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        return _http_address(value)

    @field_validator("peers", mode="before")
    @classmethod
    def _are_http(cls, value: object) -> object:
        listed = value.split(",") if isinstance(value, str) else value
        if not isinstance(listed, list | tuple):
            raise ValueError("expected addresses separated by commas")  # noqa: TRY004 (pydantic wants it)
        return tuple(_http_address(str(peer).strip()).rstrip("/") for peer in listed if str(peer).strip())

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _are_addresses(cls, value: object) -> object:
        listed = value.split(",") if isinstance(value, str) else value
        if not isinstance(listed, list | tuple):
            raise ValueError("expected addresses separated by commas")  # noqa: TRY004 (pydantic wants it)
        return tuple(str(ip_address(str(one).strip())) for one in listed if str(one).strip())

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.keystore_file is not None and self.private_key is not None:
            raise InvalidSetting(
                variable=f"{PREFIX}PRIVATE_KEY",
                problem=f"cannot be combined with {PREFIX}KEYSTORE_FILE; unset one",
            )
        if self.keystore_file is not None and self.password_file is None:
            raise InvalidSetting(
                variable=f"{PREFIX}PASSWORD_FILE",
                problem=f"must name the file that opens {PREFIX}KEYSTORE_FILE",
            )
        if self.priority_fee_gwei > self.max_fee_gwei:
            raise InvalidSetting(
                variable=f"{PREFIX}PRIORITY_FEE_GWEI",
                value=str(self.priority_fee_gwei),
                problem=f"is above {PREFIX}MAX_FEE_GWEI ({self.max_fee_gwei})",
            )
        if self.log_range > self.log_range_max:
            raise InvalidSetting(
                variable=f"{PREFIX}LOG_RANGE",
                value=str(self.log_range),
                problem=f"is above {PREFIX}LOG_RANGE_MAX ({self.log_range_max})",
            )
        return self

    @property
    def rpc_endpoint(self) -> str:
        """Scheme, host and port of the RPC node: what may be logged."""
        return endpoint(self.rpc_url)

    @property
    def journal_url(self) -> str:
        """SQLAlchemy address of the journal. May hold a password: not for logs."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'journal.sqlite3'}"

    def deployment_path(self, chain_id: int) -> Path:
        """Where the deployment file of `chain_id` is expected."""
        return self.deployment_file or self.deployments / f"{chain_id}.json"


def load_settings(**given: object) -> Settings:
    """Read all settings; `given` (from command-line options, None meaning "not given") goes first.

    Raises InvalidSetting, which names the variable to correct.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "CONFIG"
        value = None if _is_secret(name) or first["input"] is None else str(first["input"])
        message = first["msg"].removeprefix("Value error, ")
        problem = f"is not accepted: {message[:1].lower()}{message[1:]}"
        if first["type"] == "extra_forbidden":
            problem = "is no setting of PayFlow (check the spelling)"
        raise InvalidSetting(variable=f"{PREFIX}{name.upper()}", value=value, problem=problem) from None
    except (
        ValueError,
        OSError,
    ) as unreadable:  # what pydantic-settings and tomllib raise for a source as a whole
        raise InvalidSetting(
            variable=f"{PREFIX}CONFIG",
            value=os.environ.get(f"{PREFIX}CONFIG", CONFIG_FILE),
            problem=f"cannot be read: {unreadable}",
        ) from None


def reference() -> str:
    """All settings as a Markdown table: the content of docs/settings.md."""
    rows = [
        "# Settings",
        "",
        f"Environment: {PREFIX} and the name in upper case. File: payflow.toml, or what {PREFIX}CONFIG names.",
        "",
        "Written by `oracle.settings.reference()`.",
        "",
        "| setting | default | bounds | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        bounds = [
            f"{sign} {getattr(one, attribute)}"
            for one in field.metadata
            for attribute, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
            if getattr(one, attribute, None) is not None
        ]
        choices = get_args(field.annotation)
        if choices and all(isinstance(one, str) for one in choices):
            bounds = list(choices)
        described = (field.description or "").replace("<", "\\<")  # Markdown takes <x> for HTML
        default = "" if field.default in (None, ()) else f"`{field.default}`"
        rows.append(f"| `{name}` | {default} | {', '.join(bounds)} | {described} |")
    return "\n".join(rows) + "\n"


def endpoint(url: str) -> str:
    """Scheme, host and port of an address: no user, password, path or query, which often hold keys."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is None or "SecretStr" in str(field.annotation) or not field.repr


def _http_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("expected an address such as http://127.0.0.1:8545")
    return value
