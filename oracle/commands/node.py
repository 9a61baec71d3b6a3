"""`payflow node`: the oracle daemon and its API in one process."""

import gc
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Annotated

import structlog
import typer
from prometheus_client import CollectorRegistry

from oracle.api import create_app
from oracle.commands.connection import read_settings
from oracle.commands.serving import open_files, server
from oracle.commands.shared import Deployments, DevnetAccount, RpcUrl, message_console
from oracle.errors import InvalidSetting, PayFlowError
from oracle.node import Node
from oracle.ops import configure_logging
from oracle.settings import Settings

SWITCH_INTERVAL = 0.001
"""Seconds that a thread may keep the interpreter while others wait: with Python's five milliseconds, requests wait for
scores that others asked for (at 500 a second the slowest hundredth took a fifth longer)."""

log = structlog.get_logger("payflow.node")


def register(app: typer.Typer) -> None:
    """Add `payflow node`."""

    @app.command(
        "node",
        epilog="Examples:  payflow node --devnet-account 1     |     PAYFLOW_KEYSTORE_FILE=key.json"
        " PAYFLOW_PASSWORD_FILE=pw payflow node --rpc https://...",
    )
    def node(
        rpc: RpcUrl = None,
        deployments: Deployments = None,
        devnet_account: DevnetAccount = None,
        data_dir: Annotated[Path | None, typer.Option(help="Folder of the journal.")] = None,
        port: Annotated[int | None, typer.Option(help="Port of the API; 0 takes a free one.")] = None,
        with_api: Annotated[bool, typer.Option("--api/--no-api", help="Serve the HTTP API as well.")] = True,
    ) -> None:
        """Watch payments, score them, sign the scores, settle. Runs until Ctrl-C or SIGTERM."""
        settings = read_settings(
            rpc=rpc, deployments=deployments, devnet_account=devnet_account, data_dir=data_dir, api_port=port
        )
        configure_logging(settings)
        run_node(settings, with_api=with_api)


def run_node(settings: Settings, *, with_api: bool) -> None:
    """Run until a signal asks for the end, or until an error that does not pass by waiting, which is raised."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    registry = CollectorRegistry()
    node = Node(settings, registry=registry)
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            node.run(stop, synced=_settle_in)
        except BaseException as failure:  # whatever it is, the main thread must know and raise it
            failures.append(failure)
        finally:
            stop.set()

    try:
        listener = _listen(settings) if with_api else None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        worker = threading.Thread(target=work, name="payflow-node")
        worker.start()
        try:
            if listener is not None:
                _serve(settings, node, registry, listener, stop)
            else:
                _say(settings, "no API")
                while not stop.wait(3600):
                    pass
        finally:
            stop.set()
            worker.join()
    finally:
        node.close()
    for failure in failures:
        if not isinstance(failure, PayFlowError):
            log.error("node failed unexpectedly", exc_info=failure)
        raise failure


def _settle_in() -> None:
    """What the engine holds now lives as long as the process: else the garbage collector would stop everything for a
    tenth of a second and more, again and again, to look through it."""
    gc.collect()
    gc.freeze()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.api_host, settings.api_port))
    except OSError as refused:
        listener.close()
        raise InvalidSetting(
            variable="PAYFLOW_API_PORT",
            value=f"{settings.api_host}:{settings.api_port}",
            problem=f"cannot be listened on ({refused.strerror}); choose another port, or 0 for a free one",
        ) from None
    return listener


def _serve(
    settings: Settings, node: Node, registry: CollectorRegistry, listener: socket.socket, stop: threading.Event
) -> None:
    api = server(
        lambda peers: create_app(node.service, settings, registry=registry, peers=peers), settings, files=open_files()
    )
    _say(settings, f"API http://{settings.api_host}:{listener.getsockname()[1]}")

    def end() -> None:
        stop.wait()
        api.should_exit = True

    watcher = threading.Thread(target=end, name="payflow-stop", daemon=True)
    watcher.start()
    api.run(sockets=[listener])


def _say(settings: Settings, api: str) -> None:
    key = settings.keystore_file or ("the devnet key" if settings.private_key else "none (scores, signs nothing)")
    message_console.print(
        f"PayFlow node: chain {settings.rpc_endpoint}, journal {settings.data_dir}, key {key}, {api}",
        soft_wrap=True,
        highlight=False,
    )
