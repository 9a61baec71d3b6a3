"""POST /oracle-format at a steady rate against a real node: `payflow node` on anvil, in a process of its own.

Requests are sent when they are due, whether or not earlier ones were answered, and a latency counts from when its
request was due: a server that stalls cannot hide it.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.speed.machine import Figures, load, percentiles, resident
from tests.oracle.devnet import Devnet, devnet, free_port

CONNECTIONS = 64
PAID = 120
INTENTS = 64
"""Different payments that are asked about, each in turn."""
PATIENCE = 60.0


def serving(rate: int, seconds: float) -> Figures:
    """Percentiles at `rate` requests a second, at half and a quarter of it, and what 8 clients got without waiting."""
    with TemporaryDirectory() as folder, devnet(Path(folder)) as net:
        for number in range(PAID):
            net.pay(3_000_000 + number, recipient=net.accounts[3 + number % 5])
        port = free_port()
        node = _start(net, Path(folder), port)
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(node, base)
            asked = _mixed(net)
            levels = Counter(_level(base, one) for one in asked)
            requests = [_request(json.dumps(one).encode()) for one in asked]
            asyncio.run(_steady(port, requests, 100, 3.0))
            figures: Figures = {"levels": dict(levels.most_common()), "node_memory_mib": resident(node.pid)}
            for wanted in (rate // 4, rate // 2, rate):
                figures[f"at_{wanted}_per_s"] = asyncio.run(_steady(port, requests, wanted, seconds)).figures()
            figures["saturated"] = asyncio.run(_flood(port, requests, 8, seconds)).figures()
            figures["node_memory_after_mib"] = resident(node.pid)
        finally:
            node.terminate()
            node.wait(30)
    return figures


def _mixed(net: Devnet) -> list[dict[str, str]]:
    """Payments that differ in wallets and amount: of wallets with a past and of new ones, to wallets known and unknown;
    one in eight, as in the stream of the other parts, of a kind that scores MEDIUM or more: a first payment to somebody
    new just below the sum from which much is asked."""
    asked = []
    for number in range(INTENTS):
        new = f"0x{number + 1:02x}{'5e' * 19}"
        known = net.accounts[3 + number % 5]
        if number % 8 == 0:
            sender, recipient, amount = known, new, f"{9_100 + 10 * number}.5"
        elif number % 8 < 4:
            sender, recipient, amount = new, known, f"{5 + number}.25"
        else:
            sender, recipient, amount = known, net.accounts[3 + (number + 1) % 5], f"{3 + number / 100:.2f}"
        asked.append({"sender": sender, "recipient": recipient, "amount": amount})
    return asked


def _level(base: str, asked: dict[str, str]) -> str:
    answer = httpx.post(f"{base}/oracle-format", json=asked, timeout=10).raise_for_status().json()
    return str(answer["risk_level"])


def _request(body: bytes) -> bytes:
    head = (
        "POST /oracle-format HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


@dataclass
class Answers:
    """What came of a run: seconds of each good answer, how many were not good, and how long the run took."""

    spent: list[float]
    failed: int
    seconds: float

    def figures(self) -> Figures:
        """As JSON."""
        found: Figures = {"answered_per_s": round(len(self.spent) / self.seconds, 1), "failed": self.failed}
        return {**found, **(percentiles(self.spent) if self.spent else {}), "load": load()[0]}


class _Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> bool:
        """Whether the answer was a 200 with a signature."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(size)
        return head.startswith(b"HTTP/1.1 200") and b'"signature"' in answer

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


async def _steady(port: int, requests: list[bytes], rate: int, seconds: float) -> Answers:
    free: asyncio.Queue[_Client] = asyncio.Queue()
    clients = [_Client(port) for _ in range(CONNECTIONS)]
    for client in clients:
        free.put_nowait(client)
    answers, start = Answers([], 0, seconds), time.perf_counter() + 0.2

    async def one(number: int) -> None:
        due = start + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        client = await free.get()
        good = await client.ask(requests[number % len(requests)])
        free.put_nowait(client)
        if good:
            answers.spent.append(time.perf_counter() - due)
        else:
            answers.failed += 1

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    answers.seconds = time.perf_counter() - start
    for client in clients:
        await client.close()
    return answers


async def _flood(port: int, requests: list[bytes], clients: int, seconds: float) -> Answers:
    answers, start = Answers([], 0, seconds), time.perf_counter()

    turns = count()

    async def one() -> None:
        client = _Client(port)
        while time.perf_counter() - start < seconds:
            asked = time.perf_counter()
            if await client.ask(requests[next(turns) % len(requests)]):
                answers.spent.append(time.perf_counter() - asked)
            else:
                answers.failed += 1
        await client.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    answers.seconds = time.perf_counter() - start
    return answers


def _start(net: Devnet, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PAYFLOW_")}
    environment = {
        **clean,
        "PAYFLOW_RPC_URL": net.anvil.url,
        "PAYFLOW_DEPLOYMENTS": str(net.folder),
        "PAYFLOW_DATA_DIR": str(folder / "data"),
        "PAYFLOW_API_PORT": str(port),
        "PAYFLOW_RATE_PER_MINUTE": "1000000",
        "PAYFLOW_RATE_BURST": "100000",
        "PAYFLOW_FINAL_TAG": "latest",
        "PAYFLOW_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-c", "from oracle.cli import main; main()", "node", "--devnet-account", "1"]
    with (folder / "node.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _wait(node: "subprocess.Popen[bytes]", base: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and node.poll() is None:
        try:
            if httpx.get(f"{base}/ready", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the node did not become ready (exit code {node.poll()})")
