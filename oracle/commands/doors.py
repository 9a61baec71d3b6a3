"""Who is connected to the API: how many, of whom, and whose connection is ended to whose gain."""

import asyncio
from collections import Counter
from typing import Protocol

import structlog

from oracle.api.clients import PeerAddresses

REQUEST_TIME = 10.0
"""Seconds in which a request must have arrived as a whole, from its first byte or from when the connection was made."""
ANSWER_TIME = 30.0
"""Seconds in which a reader must take `LEAST_TAKEN` of what was sent, or all that is left of it."""
LEAST_TAKEN = 32 * 1024
"""Bytes, so about 1 KB a second: whoever takes a byte a minute would keep a place for ever. Sockets take tens of KB at
once and then nothing for a while, so that of a much lower rate little could be told from none."""
STUCK_TIME = 1.0
"""Seconds after which such a reader makes room sooner than whoever asks for nothing."""
TOLD = 60.0
"""Seconds between two log lines about connections that were refused."""

log = structlog.get_logger("payflow.api")


class Connection(Protocol):
    """What is counted, and closed where it holds its place for nothing."""

    transport: asyncio.Transport
    address: str
    idle_since: float | None
    """Since when the client owes a whole request; None while the node owes the answer. By the loop's clock."""
    stuck_since: float | None
    """Since when it takes nothing, or too little, of what it was sent."""
    unread: int
    """The most bytes that waited for it since then."""


class Doors:
    """Who is connected: so many in all, of which an eighth is left to peers, and an eighth for any one address.

    Where all places are taken, the stranger makes room who has taken too little for longest of what it was sent, or
    else the one who has owed a request longest. For one event loop.
    """

    def __init__(self, most: int, *, peers: PeerAddresses, proxies: frozenset[str] = frozenset()) -> None:
        """`proxies`: addresses that stand for many clients and may have all places."""
        self.most = most
        self.public = most - most // 8
        self.per_address = max(1, most // 8)
        self._peers = peers
        self._proxies = proxies
        self._open: dict[Connection, None] = {}
        self._of: Counter[str] = Counter()
        self._told = float("-inf")
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, one: Connection) -> bool:
        """Count it, or refuse it."""
        trusted = one.address in self._peers.known or one.address in self._proxies
        if not trusted and self._of[one.address] >= self.per_address:
            self._tell("one address", self.per_address, one.address)
            return False
        if len(self._open) >= (self.most if trusted else self.public):
            self._tell("all", self.public, one.address)
            if not self._make_room():
                return False
        self.add(one)
        return True

    def add(self, one: Connection) -> None:
        """Count it in any case."""
        self._open[one] = None
        self._of[one.address] += 1
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(1.0, self._sweep)

    def leave(self, one: Connection) -> None:
        """It is closed, or was never counted."""
        if one not in self._open:
            return
        del self._open[one]
        self._of[one.address] -= 1
        if not self._of[one.address]:
            del self._of[one.address]

    def _make_room(self) -> bool:
        strangers = [one for one in self._open if one.address not in self._peers.known]
        now = asyncio.get_running_loop().time()
        ranked = [(rank, one) for one in strangers if (rank := _rank(one, now)) is not None]
        if not ranked:
            return False
        _, first = min(ranked, key=lambda found: found[0])
        self.leave(first)
        # close() would wait for whoever does not read
        first.transport.abort()
        return True

    def _sweep(self) -> None:
        """Once a second rather than a timer for each request."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in tuple(self._open):
            if left := one.transport.get_write_buffer_size():
                # a transport tells of 64 KB and more, and one that is closing of nothing
                if one.stuck_since is None or one.unread - left >= LEAST_TAKEN:
                    one.stuck_since, one.unread = now, left
                elif now - one.stuck_since > ANSWER_TIME:
                    one.transport.abort()
                else:
                    # more may have been sent since
                    one.unread = max(one.unread, left)
                continue
            one.stuck_since, one.unread = None, 0
            if one.idle_since is not None and now - one.idle_since > REQUEST_TIME:
                one.transport.close()
        self._sweeping = bool(self._open)
        if self._sweeping:
            loop.call_later(1.0, self._sweep)

    def _tell(self, bound: str, most: int, address: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told > TOLD:
            self._told = now
            log.warning("connections refused", bound=bound, most=most, client=address, open=len(self._open))


def _rank(one: Connection, now: float) -> tuple[int, float] | None:
    """The least of these makes room; None for one that never does."""
    if one.stuck_since is not None and one.transport.get_write_buffer_size():
        # whoever takes a large answer is behind it for a moment as well
        return (0 if now - one.stuck_since > STUCK_TIME else 2), one.stuck_since
    return None if one.idle_since is None else (1, one.idle_since)
