"""Keys on disk: Web3 Secret Storage (version 3, scrypt) files, and which key the settings name."""

import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from eth_account import Account

from oracle.errors import (
    InvalidSetting,
    KeyFileExposed,
    KeyFileInvalid,
    KeyFileMissing,
    PlainKeyRefused,
    WrongPassword,
)
from oracle.settings import DEVNET_CHAINS, PREFIX, Settings
from oracle.signing.signer import LocalSigner

SCRYPT_N = 1 << 18
"""Work factor that Web3 Secret Storage recommends: about a second and 256 MB for each guess."""


def load_signer(settings: Settings, *, chain_id: int) -> LocalSigner | None:
    """The signer that the settings name for `chain_id`, or None where they name no key.

    Raises KeyFileMissing, KeyFileExposed, KeyFileInvalid, WrongPassword, PlainKeyRefused (a key from the environment
    on a chain that is no devnet), InvalidSetting (that key is malformed).
    """
    refuse_plain_key(settings, chain_id=chain_id)
    return read_signer(settings)


def read_signer(settings: Settings) -> LocalSigner | None:
    """As `load_signer`, before the chain is known: `refuse_plain_key` must follow before anything is signed."""
    if settings.keystore_file is not None and settings.password_file is not None:
        return open_keystore(settings.keystore_file, read_password(settings.password_file))
    if settings.private_key is None:
        return None
    return parse_key(settings.private_key.get_secret_value(), variable=f"{PREFIX}PRIVATE_KEY")


def refuse_plain_key(settings: Settings, *, chain_id: int) -> None:
    """Raises PlainKeyRefused where the settings hold a key in the clear and the chain is no devnet."""
    if settings.private_key is not None and chain_id not in DEVNET_CHAINS:
        raise PlainKeyRefused(chain_id=chain_id)


def parse_key(text: str, *, variable: str) -> LocalSigner:
    """The signer of a key in 0x hex. Raises InvalidSetting, which names `variable` and not the key."""
    try:
        return LocalSigner(bytes.fromhex(text.strip().removeprefix("0x")))
    except (ValueError, KeyFileInvalid):
        raise InvalidSetting(variable=variable, problem="is no private key (0x and 64 hexadecimal digits)") from None


def read_password(path: Path) -> str:
    """The first line of a password file. Raises KeyFileMissing, KeyFileExposed, KeyFileInvalid."""
    lines = _read_private(path, variable=f"{PREFIX}PASSWORD_FILE").splitlines()
    if not lines or not lines[0]:
        raise KeyFileInvalid(path=path, problem="its first line, the password, is empty")
    return lines[0]


def open_keystore(path: Path, password: str) -> LocalSigner:
    """Decrypt a keystore file. Raises KeyFileMissing, KeyFileExposed, KeyFileInvalid, WrongPassword."""
    text = _read_private(path, variable=f"{PREFIX}KEYSTORE_FILE")
    try:
        document: Any = json.loads(text)
        if not isinstance(document, dict) or document.get("version") != 3:
            raise KeyFileInvalid(path=path, problem="it is no version 3 document")
        secret = bytes(Account.decrypt(document, password))
    except KeyFileInvalid:
        raise
    except json.JSONDecodeError as broken:
        raise KeyFileInvalid(path=path, problem=f"it is not JSON ({broken.msg}, line {broken.lineno})") from None
    except ValueError as refused:
        # eth-account says so with a plain ValueError; its text is about the MAC, never about the key
        if "MAC" in str(refused):
            raise WrongPassword(path=path) from None
        raise KeyFileInvalid(path=path, problem=str(refused)) from None
    except (KeyError, TypeError, NotImplementedError) as broken:
        raise KeyFileInvalid(path=path, problem=f"{type(broken).__name__} in its crypto section") from None
    return LocalSigner(secret)


def create_keystore(path: Path, password: str, *, secret: bytes | None = None, work: int = SCRYPT_N) -> str:
    """Write a new keystore that only its owner can read and return its address; `secret` None draws a new key.

    `work` is scrypt's N. Raises KeyFileInvalid where `path` exists (a key is never overwritten) or `secret` is no key.
    """
    signer = LocalSigner(key := secret or _draw_key())
    document = Account.encrypt(key, password, kdf="scrypt", iterations=work)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL and the mode at creation: at no moment can another user read it or an old key be lost
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileInvalid(path=path, problem="the file exists, and a key is never overwritten") from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    return signer.address


def _draw_key() -> bytes:
    while True:
        secret = secrets.token_bytes(32)
        try:
            LocalSigner(secret)
        except KeyFileInvalid:  # outside of the curve's order: one draw in 2^128
            continue
        return secret


def _read_private(path: Path, *, variable: str) -> str:
    """The text of a file that no other user may read. Raises KeyFileMissing, KeyFileExposed."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyFileExposed(path=path, mode=mode)
            return file.read()
    except UnicodeDecodeError:
        raise KeyFileInvalid(path=path, problem="it is not text") from None
    except OSError:
        raise KeyFileMissing(path=path, variable=variable) from None
