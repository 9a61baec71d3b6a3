"""Keys on disk and in memory: what opens them, what is refused, and that they never show."""

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from oracle.errors import (
    InvalidSetting,
    KeyFileExposed,
    KeyFileInvalid,
    KeyFileMissing,
    PlainKeyRefused,
    WrongPassword,
)
from oracle.settings import Settings, load_settings
from oracle.signing import LocalSigner, create_keystore, load_signer, open_keystore, read_password
from tests.oracle.devnet import SIGNER_KEY

SECRET = bytes.fromhex(SIGNER_KEY[2:])
ADDRESS = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
QUICK = 2  # scrypt's N, lowered so that the tests do not take a second per file


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "signer.json"
    assert create_keystore(path, "open sesame", secret=SECRET, work=QUICK) == ADDRESS
    return path


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("open sesame\n")
    path.chmod(0o600)
    return path


def test_open_keystore__right_password__gives_the_key(keystore: Path) -> None:
    assert open_keystore(keystore, "open sesame").address == ADDRESS


def test_create_keystore__its_file__is_private_version_3_and_readable_by_others_tools(keystore: Path) -> None:
    assert keystore.stat().st_mode & 0o777 == 0o600
    document = json.loads(keystore.read_text())
    assert document["version"] == 3
    assert document["crypto"]["kdf"] == "scrypt"
    assert bytes(Account.decrypt(document, "open sesame")) == SECRET
    assert SIGNER_KEY[2:] not in keystore.read_text()


def test_create_keystore__existing_file__is_never_overwritten(keystore: Path) -> None:
    before = keystore.read_bytes()
    with pytest.raises(KeyFileInvalid, match="never overwritten"):
        create_keystore(keystore, "other", work=QUICK)
    assert keystore.read_bytes() == before


def test_create_keystore__no_secret_given__draws_a_new_key_each_time(tmp_path: Path) -> None:
    first = create_keystore(tmp_path / "a", "x", work=QUICK)
    assert first != create_keystore(tmp_path / "b", "x", work=QUICK)
    assert open_keystore(tmp_path / "a", "x").address == first


def test_open_keystore__wrong_password__says_so(keystore: Path) -> None:
    with pytest.raises(WrongPassword, match="PAYFLOW_PASSWORD_FILE"):
        open_keystore(keystore, "open barley")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "no version 3"),
        ('{"version": 1}', "no version 3"),
        ('{"version": 3}', "crypto section"),
        ('{"version": 3, "crypto": {}}', "crypto section"),
    ],
)
def test_open_keystore__broken_file__is_refused_with_the_reason(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileInvalid, match=problem):
        open_keystore(path, "x")


def test_open_keystore__readable_by_others__is_refused(keystore: Path) -> None:
    keystore.chmod(0o644)
    with pytest.raises(KeyFileExposed, match="chmod 600"):
        open_keystore(keystore, "open sesame")


def test_read_password__readable_by_others__is_refused(password: Path) -> None:
    password.chmod(0o640)
    with pytest.raises(KeyFileExposed, match="0640"):
        read_password(password)


def test_read_password__empty_first_line__is_refused(password: Path) -> None:
    password.write_text("\nsecond\n")
    with pytest.raises(KeyFileInvalid, match="empty"):
        read_password(password)


def test_load_signer__keystore_in_settings__on_any_chain(keystore: Path, password: Path) -> None:
    settings = Settings(keystore_file=keystore, password_file=password)
    signer = load_signer(settings, chain_id=1)
    assert signer is not None
    assert signer.address == ADDRESS


def test_load_signer__missing_file__names_the_variable(tmp_path: Path, password: Path) -> None:
    settings = Settings(keystore_file=tmp_path / "none.json", password_file=password)
    with pytest.raises(KeyFileMissing, match="PAYFLOW_KEYSTORE_FILE"):
        load_signer(settings, chain_id=1)


def test_load_signer__plain_key__on_devnets_only() -> None:
    settings = load_settings(private_key=SIGNER_KEY)
    signer = load_signer(settings, chain_id=31337)
    assert signer is not None
    assert signer.address == ADDRESS
    with pytest.raises(PlainKeyRefused, match="chain 1 "):
        load_signer(settings, chain_id=1)


def test_load_signer__no_key__gives_none() -> None:
    assert load_signer(Settings(), chain_id=1) is None


@pytest.mark.parametrize("text", ["0xzz", "0x" + "00" * 32, "0x" + "ff" * 32, "0x1234", ""])
def test_load_signer__malformed_plain_key__is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        load_signer(load_settings(private_key=text), chain_id=31337)
    assert "PAYFLOW_PRIVATE_KEY" in str(refused.value)
    assert len(text) < 5 or text[2:] not in str(refused.value) + repr(refused.value.data)


def test_key__every_way_to_show_it__shows_no_key(caplog: pytest.LogCaptureFixture) -> None:
    signer = LocalSigner(SECRET)
    settings = load_settings(private_key=SIGNER_KEY)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().info("%r %s %r %s", signer, signer, settings, settings)
    shown: list[Any] = [repr(signer), str(signer), f"{settings!r} {settings}", settings.model_dump_json(), caplog.text]
    assert all(SIGNER_KEY[2:] not in text for text in shown)
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(signer)
