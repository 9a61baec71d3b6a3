"""Peers for tests: servers on real sockets that say what a test wants, and reports for them to sign."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Event
from typing import Any

from oracle.node.peers import Peers
from oracle.signing import (
    LocalSigner,
    ReportDigests,
    RiskReport,
    SignedBatch,
    SignedReport,
    signed_batch,
    signed_report,
)

DIGESTS = ReportDigests(chain_id=31337, verifying_contract="0x" + "11" * 20)
OWN, FIRST, SECOND, THIRD = [LocalSigner(bytes([number]) * 32) for number in (1, 2, 3, 4)]
REPORT = RiskReport(
    payment_id="0x" + "aa" * 32,
    overall_score=1,
    velocity_score=1,
    amount_score=1,
    pattern_score=1,
    graph_score=1,
    timing_score=1,
    alerts=0,
    model_version="0x" + "bb" * 32,
    evidence_hash="0x" + "cc" * 32,
    issued_at=1_000,
    expires_at=2_000,
)
Talk = Callable[[socket.socket], None]
Answer = Callable[[str, Any], Any]
"""From method and path, and the body's JSON, to the answer's JSON; None answers 404."""


def signed(signer: LocalSigner = OWN, **changes: Any) -> SignedReport:
    return signed_report(replace(REPORT, **changes), DIGESTS, signer)


def reports(count: int) -> list[RiskReport]:
    return [replace(REPORT, payment_id=f"0x{number:064x}") for number in range(count)]


def batch(found: list[RiskReport], signer: LocalSigner = OWN) -> SignedBatch:
    return signed_batch(found, DIGESTS, signer)


def document(answer: SignedReport | SignedBatch) -> dict[str, Any]:
    """As the API says it."""
    if isinstance(answer, SignedBatch):
        return {"reports": [asdict(one) for one in answer.reports], "signature": answer.signature}
    return {"report": asdict(answer.report), "signature": answer.signature}


@contextmanager
def asking(*urls: str, timeout: float = 3.0) -> Iterator[Peers]:
    peers = Peers(urls, timeout=timeout, digests=DIGESTS, stop=Event())
    try:
        yield peers
    finally:
        peers.close()


@contextmanager
def talking(talk: Talk) -> Iterator[str]:
    """A server that does this with every connection; its address."""
    stopped = threading.Event()
    open_connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        try:
            with connection:
                talk(connection)
        except OSError:
            pass

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            open_connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()
            for one in open_connections:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


def requests_on(connection: socket.socket) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """What is asked on a connection: method and path, headers by lower-case name, and body."""
    with connection.makefile("rb") as lines:
        while first := lines.readline():
            headers: dict[str, str] = {}
            while (line := lines.readline().strip()) != b"":
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            yield first.decode().rpartition(" ")[0], headers, lines.read(int(headers.get("content-length", 0)))


def said(content: Any, *, headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP answer: JSON, or 404 for None."""
    body = b"" if content is None else json.dumps(content).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    status = "404 Not Found" if content is None else "200 OK"
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answering(answer: Answer) -> Talk:
    """An honest server's manners."""

    def talk(connection: socket.socket) -> None:
        for asked, _, body in requests_on(connection):
            connection.sendall(said(answer(asked, json.loads(body) if body else None)))

    return talk


def always(answer: SignedReport | SignedBatch) -> Talk:
    return answering(lambda _asked, _body: document(answer))


def anybody(_address: str) -> bool:
    return True
