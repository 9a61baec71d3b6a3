"""Settings: where they come from, and what each mistake says."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from oracle.errors import InvalidSetting
from oracle.settings import PREFIX, Settings, endpoint, load_settings, reference


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.delenv(f"{PREFIX}CONFIG", raising=False)


def test_load_settings__nothing_given__has_defaults_for_everything() -> None:
    settings = load_settings()
    assert settings.rpc_url == "http://127.0.0.1:8545"
    assert settings.journal_url.startswith("sqlite:////")
    assert settings.deployment_path(5) == Path("deployments/5.json")


def test_load_settings__several_sources__argument_then_environment_then_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "payflow.toml").write_text("batch_size = 1\npoll_interval = 3\napi_port = 1\n")
    monkeypatch.setenv("PAYFLOW_BATCH_SIZE", "2")
    monkeypatch.setenv("PAYFLOW_POLL_INTERVAL", "4")
    settings = load_settings(batch_size=3, poll_interval=None)
    assert (settings.batch_size, settings.poll_interval, settings.api_port) == (3, 4, 1)


def test_load_settings__named_file__is_read_and_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    monkeypatch.setenv("PAYFLOW_CONFIG", str(path))
    with pytest.raises(InvalidSetting, match=r"PAYFLOW_CONFIG .*names no file"):
        load_settings()
    path.write_text("batch_size = 7\n")
    assert load_settings().batch_size == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("poll_interval", "soon"),
        ("poll_interval", "0"),
        ("batch_size", "101"),
        ("watch_tag", "newest"),
        ("rpc_url", "ftp://x"),
        ("rpc_url", "http://"),
        ("peers", "http://a,ftp://b"),
        ("api_port", "65536"),
        ("fee_bump_percent", "5"),
        ("log_range", "3000"),
        ("priority_fee_gwei", "201"),
    ],
)
def test_load_settings__value_out_of_bounds__names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    variable = f"{PREFIX}{name.upper()}"
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSetting) as refused:
        load_settings()
    assert refused.value.variable == variable
    assert variable in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("batch_size = \n", "cannot be read"), ("batch_sise = 3\n", "PAYFLOW_BATCH_SISE is no setting of PayFlow")],
)
def test_load_settings__broken_file__says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "payflow.toml").write_text(text)
    with pytest.raises(InvalidSetting, match=words):
        load_settings()


def test_load_settings__key_twice_or_without_password__is_refused() -> None:
    with pytest.raises(InvalidSetting, match="PAYFLOW_PASSWORD_FILE"):
        load_settings(keystore_file="key.json")
    with pytest.raises(InvalidSetting, match="PAYFLOW_PRIVATE_KEY"):
        load_settings(keystore_file="key.json", password_file="pw", private_key="0x1")


def test_load_settings__secret_out_of_place__is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYFLOW_RPC_URL", "htp://node/v3/verysecret")
    with pytest.raises(InvalidSetting) as refused:
        load_settings()
    assert "verysecret" not in str(refused.value) + repr(refused.value.data)


def test_settings__once_made__cannot_be_changed() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.batch_size = 1  # type: ignore[misc]


def test_settings__every_field__is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_peers__commas_and_slashes__are_tidied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYFLOW_PEERS", "http://a:1/, https://b ,")
    assert load_settings().peers == ("http://a:1", "https://b")


def test_endpoint__address_with_secrets__keeps_scheme_host_and_port() -> None:
    assert endpoint("https://user:pw@host:8545/key?x=1") == "https://host:8545"


def test_reference__the_page_in_docs__is_up_to_date() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == reference(), "write oracle.settings.reference() to docs/settings.md"
