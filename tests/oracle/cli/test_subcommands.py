"""Finding a subcommand: at once, without importing all others, and with a hint where it is mistyped."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from oracle.cli import HOMES

SLOW = ("web3", "eth_account", "numba", "sqlalchemy", "fastapi", "lightgbm", "sklearn")


def payflow(*arguments: str, then: str = "pass") -> "subprocess.CompletedProcess[str]":
    program = f"import atexit, sys; {then}; from oracle.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("home", sorted(set(HOMES.values())))
def test_homes__every_module__registers_the_commands_that_it_is_asked_for(home: str) -> None:
    part = typer.Typer()
    import_module(f"oracle.commands.{home}").register(part)
    assert set(typer.main.get_group(part).commands) == {name for name, of in HOMES.items() if of == home}


@pytest.mark.parametrize("command", ["train", "evaluate", "drift", "wallet"])
def test_help__of_a_command_without_a_chain__imports_nothing_slow(command: str) -> None:
    said = payflow(command, "--help", then="atexit.register(lambda: print(*sys.modules, file=sys.stderr))")
    assert said.returncode == 0
    assert command in said.stdout
    assert not set(SLOW) & set(said.stderr.split())


def test_help__names_every_command_in_order() -> None:
    said = payflow("--help")
    places = [said.stdout.index(f"│ {name} ") for name in HOMES]
    assert said.returncode == 0
    assert places == sorted(places)


def test_command__mistyped__is_refused_with_the_nearest_one() -> None:
    said = payflow("verfy")
    assert said.returncode == 2
    assert "No such command 'verfy'. Did you mean 'verify'?" in said.stderr
