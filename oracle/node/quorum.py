"""The contract's quorum for answers that cannot wait for the chain each time."""

import time
from collections.abc import Callable
from threading import Lock

LIFETIME = 1.0
"""Seconds that an answer counts. A quorum that was raised meanwhile makes the contract refuse the payment: a quote is
worth nothing then, and nobody loses anything."""


class KnownQuorum:
    """Asks the contract at most once a second. Thread-safe."""

    def __init__(self, ask: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """`ask` reads the contract; `clock` gives seconds."""
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._known = 0
        self._until = float("-inf")

    def __call__(self) -> int:
        """How many signers a report needs. Raises RpcError."""
        with self._lock:
            if self._clock() >= self._until:
                self._known = self._ask()
                self._until = self._clock() + LIFETIME
            return self._known
