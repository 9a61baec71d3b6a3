"""One client's quotes and what a node may ask its peers: others are served all the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.oracle.devnet import Devnet, free_port
from tests.oracle.node.trio import SECOND_KEY, trio
from tests.oracle.serving import served

LIMITS: dict[str, Any] = {"rate_per_minute": 20, "rate_burst": 20, "submit_stagger": 600}


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    with trio(tmp_path_factory.mktemp("net")) as found:
        yield found


def quotes(net: Devnet, url: str, address: str, times: int) -> list[int]:
    asked = {"sender": net.payer, "recipient": net.payee, "amount": "1"}
    with httpx.Client(base_url=url, transport=httpx.HTTPTransport(local_address=address), timeout=20) as client:
        return [client.post("/oracle-format", json=asked).status_code for _ in range(times)]


def test_quotes__one_client_takes_all_it_may_of_a_quorum__another_gets_its_own(net: Devnet, tmp_path: Path) -> None:
    """Also where the peer takes this node for a stranger."""
    with (
        served(net.settings(tmp_path / "second", private_key=SECOND_KEY, **LIMITS)) as second,
        served(net.settings(tmp_path / "first", peers=second.url, **LIMITS)) as first,
    ):
        assert quotes(net, first.url, "127.0.0.1", 21).count(200) == 10
        assert quotes(net, first.url, "127.0.0.2", 2) == [200, 200]


def test_quotes__many_clients_of_nodes_that_know_each_other__get_all_of_theirs(net: Devnet, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    urls = [f"http://localhost:{port}" for port in ports]
    with (
        served(net.settings(tmp_path / "second", private_key=SECOND_KEY, peers=urls[0], **LIMITS), port=ports[1]),
        served(net.settings(tmp_path / "first", peers=urls[1], **LIMITS), port=ports[0]) as first,
    ):
        for client in range(4):
            assert quotes(net, first.url, f"127.0.0.{2 + client}", 10) == [200] * 10
