"""Who asks: one client behind many addresses, and which of them are probably the configured peers."""

import contextlib
import socket
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network
from threading import Event, Thread
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

RENEWED = 60.0
"""Seconds between two looks at where the peers' names lead."""
NAT64 = IPv6Network("64:ff9b::/96")


@lru_cache(maxsize=4_096)
def network(client: str) -> str:
    """What one client can choose its address from: of IPv6 64 bits, unless it stands for an IPv4 address."""
    try:
        address = IPv6Address(client)
    except ValueError:  # IPv4, or what a proxy calls its client
        return client
    behind = address.ipv4_mapped or address.sixtofour
    if behind is None and address in NAT64:
        return network("::ffff:" + str(IPv6Address(int(address) & 0xFFFFFFFF)).removeprefix("::"))
    return str(behind or int(address) >> 64)


def asker(connection: HTTPConnection) -> str:
    """The client at the other end, whatever its port."""
    return "unknown" if connection.client is None else network(connection.client.host)


class PeerAddresses:
    """Where requests of the configured peers come from, as far as their names tell.

    A hint for how much may be asked, never for what is believed: addresses change hands, and several may share one.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        """`urls`: base addresses of the peers' APIs. Numeric ones are known at once, names once `look` was called."""
        self._hosts = sorted({urlsplit(url).hostname or "" for url in urls})
        self._found = {host: _addresses(host, socket.AI_NUMERICHOST) for host in self._hosts}
        self.known = _networks(self._found.values())

    def __bool__(self) -> bool:
        """Whether there are peers."""
        return bool(self._hosts)

    def look(self) -> None:
        """Ask where the names lead now. May take seconds: not for the event loop."""
        for host in self._hosts:
            # what a name led to last counts until it leads elsewhere
            self._found[host] = _addresses(host, 0) or self._found[host]
        self.known = _networks(self._found.values())

    def keep(self, stop: Event) -> None:
        """Look now and then, in a thread that does not keep the process from ending, until `stop` is set."""

        def run() -> None:
            self.look()
            while not stop.wait(RENEWED):
                self.look()

        if self._hosts:
            Thread(target=run, name="payflow-names", daemon=True).start()


def _addresses(host: str, flags: int) -> frozenset[str]:
    with contextlib.suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
        return frozenset(network(str(address[0])) for *_, address in found)
    return frozenset()


def _networks(found: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*found)
