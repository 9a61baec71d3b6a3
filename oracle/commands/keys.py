"""`payflow keys`: make or import an encrypted signing key."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from oracle.commands.shared import data_console, message_console
from oracle.errors import InvalidSetting, KeyFileInvalid
from oracle.signing import create_keystore, read_password

Out = Annotated[Path, typer.Option("--out", help="Keystore file to write; it must not exist.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="File whose first line is the password; asked for otherwise.")
]


def register(app: typer.Typer) -> None:
    """Add `payflow keys new` and `payflow keys import`."""
    group = typer.Typer(help="Encrypted signing keys (Web3 Secret Storage).", no_args_is_help=True)
    app.add_typer(group, name="keys")

    @group.command("new", epilog="Example:  payflow keys new --out signer.json --password-file signer.password")
    def new(out: Out = Path("payflow-key.json"), password_file: PasswordFile = None) -> None:
        """Draw a new key and write it encrypted. Only its address is printed."""
        _written(out, create_keystore(out, _password(password_file)))

    @group.command("import", epilog="Example:  payflow keys import --out signer.json < key.txt")
    def import_(out: Out = Path("payflow-key.json"), password_file: PasswordFile = None) -> None:
        """Encrypt an existing key, read from standard input or asked for; never from the command line."""
        text = getpass.getpass("Private key (0x and 64 hex digits): ") if sys.stdin.isatty() else sys.stdin.readline()
        try:
            secret = bytes.fromhex(text.strip().removeprefix("0x"))
        except ValueError:
            secret = b""
        if len(secret) != 32:
            raise InvalidSetting(variable="the private key", problem="is not 0x and 64 hexadecimal digits")
        _written(out, create_keystore(out, _password(password_file), secret=secret))


def _password(file: Path | None) -> str:
    if file is not None:
        return read_password(file)
    if not sys.stdin.isatty():
        raise InvalidSetting(variable="--password-file", problem="is needed where nobody can be asked")
    first = getpass.getpass("Password for the new file: ")
    if len(first) < 8:
        raise KeyFileInvalid(path="the new key file", problem="its password has fewer than 8 characters")
    if getpass.getpass("Again: ") != first:
        raise KeyFileInvalid(path="the new key file", problem="the two passwords differ")
    return first


def _written(path: Path, address: str) -> None:
    data_console.print(address)
    message_console.print(
        f"Written to {path}, readable by you alone. A node uses it with PAYFLOW_KEYSTORE_FILE={path} and"
        " PAYFLOW_PASSWORD_FILE. The contract takes its reports once AI_ORACLE_ROLE is granted to this address.",
        soft_wrap=True,
        highlight=False,
    )
