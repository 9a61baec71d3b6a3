"""What the node's tests share."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import FaultyRpc


@pytest.fixture
def rpc(net: Devnet) -> Iterator[FaultyRpc]:
    """An RPC node of the devnet's that misbehaves on demand."""
    with closing(FaultyRpc(net.anvil.url)) as found:
        yield found
