"""The contract's quorum for answers that cannot wait for the chain each time."""

import time
from collections.abc import Callable
from threading import Lock

from oracle.errors import PayFlowError

LIFETIME = 1.0
"""Seconds that an answer counts. A quorum that was raised meanwhile makes the contract refuse the payment: a quote is
worth nothing then, and nobody loses anything."""


class KnownQuorum:
    """Asks the contract at most once a second; a failure counts as long, so that a crowd of requests does not wait for
    a dead chain one after the other. Thread-safe."""

    def __init__(self, ask: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """`ask` reads the contract; `clock` gives seconds."""
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._known: int | PayFlowError = 0
        self._until = float("-inf")

    def __call__(self) -> int:
        """How many signers a report needs. Raises RpcError."""
        with self._lock:
            if self._clock() >= self._until:
                try:
                    self._known = self._ask()
                except PayFlowError as failure:
                    self._known = failure
                self._until = self._clock() + LIFETIME
            known = self._known
        if isinstance(known, PayFlowError):
            raise known
        return known
