"""Connections to servers that may be hostile: what one answer may take of time, bytes and steps is fixed beforehand.

The HTTP library bounds each wait, not the whole answer: headers that never end, a byte a second or a million tiny parts
would hold a thread for ever. So the bound lies below it, where bytes come in, and below TLS as well.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import httpcore

from oracle.errors import PeerError

HEAD = 32 * 1024
"""Bytes that may come before the answer's body: TLS handshake, interim answers, headers."""
STEPS = 1_000
"""Pieces in which bytes may come; each costs time, and an honest answer has a few dozen."""
CHUNK = 64 * 1024
Found = TypeVar("Found")


class Allowance:
    """What the answer to one request may still take. For one thread."""

    def __init__(self, peer: str, *, seconds: float) -> None:
        """`peer`: who is asked, for messages."""
        self._peer = peer
        self._timeout = seconds
        self._until = time.monotonic() + seconds
        self._bytes = HEAD
        self._steps = STEPS

    def extend(self, size: int) -> None:
        """Allow that many bytes more."""
        self._bytes += size

    def seconds(self) -> float:
        """The time that is left, above 0. Raises PeerError when it is over."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def late(self) -> PeerError:
        """What to raise when the time is over."""
        return PeerError(peer=self._peer, problem=f"it takes longer than {self._timeout} s")

    def size(self, most: int) -> int:
        """How many bytes may be read at once, above 0. Raises PeerError where none are left."""
        if self._bytes <= 0:
            raise PeerError(peer=self._peer, problem="it sends more than an answer can be")
        return min(most, self._bytes)

    def step(self, size: int = 0) -> None:
        """Something came, of that many bytes. Raises PeerError where it came in too many pieces."""
        self._bytes -= size
        self._steps -= 1
        if self._steps < 0:
            raise PeerError(peer=self._peer, problem=f"its answer comes in more than {STEPS} pieces")


class Plain(httpcore.NetworkStream):
    """A TCP connection; what it may take is asked anew for each request that it carries."""

    def __init__(self, connection: socket.socket, allowance: Callable[[], Allowance]) -> None:
        self._socket = connection
        self._allowance = allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What there is, b"" at the end."""
        allowance = self._allowance()
        self._socket.settimeout(allowance.seconds())
        try:
            found = self._socket.recv(allowance.size(max_bytes))
        except TimeoutError:
            raise allowance.late() from None
        except OSError as broken:
            raise httpcore.ReadError(str(broken)) from None
        allowance.step(len(found))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        allowance = self._allowance()
        while buffer:
            self._socket.settimeout(allowance.seconds())
            try:
                buffer = buffer[self._socket.send(buffer) :]
            except OSError as broken:
                # httpcore reads what there is all the same: a server may refuse a request before its end
                raise httpcore.WriteError(str(broken)) from None

    def close(self) -> None:
        """At once."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        try:
            return Encrypted(self, ssl_context, server_hostname)
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Whether an idle connection was closed by the other side, which is all that the pool asks."""
        if info != "is_readable":
            return None
        if self._socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))


class Encrypted(httpcore.NetworkStream):
    """TLS over `plain`, in memory: OpenSSL with a socket of its own reads on while records come that carry nothing."""

    def __init__(self, plain: Plain, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._done(self._tls.do_handshake)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What there is, b"" at the end."""
        try:
            return self._done(partial(self._tls.read, max_bytes))
        except ssl.SSLZeroReturnError:
            return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        while buffer:
            buffer = buffer[self._done(partial(self._tls.write, buffer)) :]

    def close(self) -> None:
        """At once, without a farewell that the other side might not take."""
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        """As of the connection below."""
        return self._plain.get_extra_info(info)

    def _done(self, step: Callable[[], Found]) -> Found:
        while True:
            try:
                found = step()
            except ssl.SSLWantReadError:
                self._plain.write(self._outgoing.read())
                if received := self._plain.read(CHUNK):
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._plain.write(self._outgoing.read())
                return found


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections that take no more than `allowance` says."""

    def __init__(self, allowance: Callable[[], Allowance]) -> None:
        """`allowance`: that of the request which the calling thread makes."""
        self._allowance = allowance

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that answers; each has its share of the time."""
        allowance, failed = self._allowance(), "the name has no address"
        try:
            # the one wait without a bound of ours: the system's resolver has its own, and cannot be interrupted
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as unknown:
            raise httpcore.ConnectError(str(unknown)) from None
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            seconds = allowance.seconds() / (len(addresses) - tried)
            try:
                return Plain(_connected(family, kind, protocol, address, seconds), self._allowance)
            except OSError as refused:
                failed = str(refused)
        raise httpcore.ConnectError(failed)


def _connected(family: int, kind: int, protocol: int, address: Any, seconds: float) -> socket.socket:
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection
