"""One peer's API over HTTP, as something that may send anything at any pace."""

import json
import threading
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpcore
import httpx

from oracle.errors import PeerError
from oracle.node.bounded import Allowance, BoundedBackend
from oracle.settings import endpoint

ANSWER = 256 * 1024
"""Bytes. A report is 0.7 kB of JSON, and a batch has up to a hundred."""
IDLE = 3.0
"""Seconds that a connection is kept for the next request; servers commonly close it after five."""


class PeerClient:
    """Asks one peer. Thread-safe.

    It has connections of its own, no cookies and no redirects: nothing of what a peer says reaches another peer, or
    this one's next answer. Proxies of the environment are not used.
    """

    def __init__(self, url: str, *, timeout: float, connections: int) -> None:
        """`url`: base address; `timeout`: seconds for a whole answer; `connections`: requests at the same time."""
        self.name = endpoint(url)
        self._url = url
        self._timeout = timeout
        self._local = threading.local()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context() if url.startswith("https:") else None,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=IDLE,
            network_backend=BoundedBackend(lambda: self._local.allowance),
        )

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the peer answers, as read from JSON. Raises PeerError, and what HTTP and JSON raise when broken."""
        url, content = httpx.URL(self._url + path), None if body is None else json.dumps(body).encode()
        allowance = self._local.allowance = Allowance(self.name, seconds=self._timeout)
        with self._pool.stream(
            method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=_headers(url, content),
            content=content,
            extensions={"timeout": {"pool": self._timeout}},
        ) as answer:
            if answer.status != httpx.codes.OK:
                raise PeerError(peer=self.name, problem=f"HTTP status {answer.status}")
            allowance.extend(ANSWER)
            found = bytearray()
            for part in answer.iter_stream():
                allowance.step()
                found += part
        return json.loads(found)


def _headers(url: httpx.URL, content: bytes | None) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"Host", url.netloc),
        (b"Accept", b"application/json"),
        # a compressed answer could be a thousand times what was received
        (b"Accept-Encoding", b"identity"),
        (b"User-Agent", b"payflow"),
    ]
    if content is not None:
        headers.append((b"Content-Type", b"application/json"))
    if url.userinfo:
        headers.append((b"Authorization", b"Basic " + b64encode(f"{url.username}:{url.password}".encode())))
    return headers
