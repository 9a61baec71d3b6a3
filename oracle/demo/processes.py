"""The programs that the demo starts, all of which end with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from oracle.errors import WaitedTooLong


class Program:
    """A child process whose output goes to a file. `restart` starts it anew with the same arguments."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            # a session of its own: Ctrl-C reaches the demo alone, which then ends everything in order
            return subprocess.Popen(  # noqa: S603 - our own programs
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it again."""
        self._process = self._start()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what does not listen."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def tail(self, lines: int = 15) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@contextmanager
def program(
    name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """A program for the length of a `with` block."""
    started = Program(name, command, log, {**os.environ, **(environment or {})})
    try:
        yield started
    finally:
        started.stop()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(check: Callable[[], bool], *, what: str, alive: Program, seconds: float = 30.0) -> None:
    """Wait for a condition. Raises WaitedTooLong, with the end of the program's output where that has ended."""
    deadline = time.monotonic() + seconds
    while not check():
        if not alive.running:
            raise WaitedTooLong(what=f"{what}: {alive.name} has ended, saying\n{alive.tail()}\n", seconds=0)
        if time.monotonic() > deadline:
            raise WaitedTooLong(what=f"{what} ({alive.name}'s log: {alive.log})", seconds=seconds)
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        return httpx.get(url, timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False


def payflow(*arguments: str) -> list[str]:
    """The command line of `payflow` in this very environment."""
    return [sys.executable, "-c", "from oracle.cli import main; main()", *arguments]
