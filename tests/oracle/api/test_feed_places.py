"""Who may listen to the live feed."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from oracle.api.feed import MOST_PER_ADDRESS
from tests.oracle.devnet import Devnet
from tests.oracle.running import eventually
from tests.oracle.serving import served


def test_feed__one_address_takes_all_it_may__another_finds_a_place(shared_net: Devnet, tmp_path: Path) -> None:
    with served(shared_net.settings(tmp_path)) as api, ExitStack() as stack:

        def listen(address: str) -> Connection:
            url = api.url.replace("http", "ws") + "/ws"
            return stack.enter_context(connect(url, source_address=(address, 0)))

        mine = [listen("127.0.0.1") for _ in range(MOST_PER_ADDRESS)]
        with pytest.raises(InvalidStatus):
            listen("127.0.0.1")
        assert "hello" in str(listen("127.0.0.2").recv(10))
        mine[0].close()

        def again() -> bool:
            try:
                listen("127.0.0.1")
            except InvalidStatus:
                return False
            return True

        eventually(again, "the place is free again")


def test_feed__connecting_over_and_over__is_limited_as_requests_are(shared_net: Devnet, tmp_path: Path) -> None:
    with served(shared_net.settings(tmp_path, rate_per_minute=3, rate_burst=3)) as api:
        url = api.url.replace("http", "ws") + "/ws"
        for _ in range(3):
            connect(url).close()
        with pytest.raises(InvalidStatus) as refused:
            connect(url)
        assert refused.value.response.status_code == 429
