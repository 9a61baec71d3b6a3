"""A real HTTP server with a real node behind it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from oracle.api import create_app
from oracle.settings import Settings
from tests.oracle.devnet import free_port
from tests.oracle.running import RunningNode, eventually, running


@dataclass
class Served:
    """A node and a client of its API."""

    node: RunningNode
    client: httpx.Client
    url: str


@contextmanager
def served(settings: Settings, *, port: int | None = None) -> Iterator[Served]:
    """The API on `port`, or a free one, for the length of a `with` block."""
    with running(settings) as node:
        node.ready()
        port = port or free_port()
        app = create_app(node.service, settings, registry=node.registry)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run)
        thread.start()
        url = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: server.started, "the API is up")
            with httpx.Client(base_url=url, timeout=20) as client:
                yield Served(node, client, url)
        finally:
            server.should_exit = True
            thread.join(20)
