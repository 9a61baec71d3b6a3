"""The contract's quorum and signers for answers that cannot wait for the chain each time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from oracle.errors import PayFlowError

LIFETIME = 1.0
"""Seconds that an answer counts. A quorum that was raised or a signer that was removed meanwhile makes the contract
refuse the payment: a quote is worth nothing then, and nobody loses anything."""
IsSigner = Callable[[str], bool]


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


@dataclass(slots=True)
class _Known:
    """`answer`: when the question went out, as the answer may be as old as that, and what came of it."""

    asking: Lock = field(default_factory=Lock)
    answer: tuple[float, bool | PayFlowError] = (float("-inf"), False)


class KnownSigners:
    """Asks the contract about an address at most once a second; a failure counts as long. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._lock = Lock()
        self._known: dict[tuple[IsSigner, str], _Known] = {}
        self._swept = clock()

    def __call__(self, address: str, is_signer: IsSigner) -> bool:
        """Whether the contract takes reports of `address`; `is_signer` reads it from the contract. Raises RpcError."""
        now = self._clock()
        with self._lock:
            if now - self._swept > LIFETIME:
                # whoever signs with a new key each time must not be remembered for ever
                self._known = {key: one for key, one in self._known.items() if one.answer[0] > now - LIFETIME}
                self._swept = now
            known = self._known.setdefault((is_signer, address), _Known())
        with known.asking:
            if known.answer[0] <= now - LIFETIME:
                asked_at = self._clock()
                try:
                    known.answer = asked_at, is_signer(address)
                except PayFlowError as failure:
                    known.answer = asked_at, failure
            answer = known.answer[1]
        if isinstance(answer, PayFlowError):
            raise answer
        return answer

    def remembers(self, address: str, is_signer: IsSigner) -> bool:
        """Whether `address` is a signer as far as is known without asking."""
        with self._lock:
            known = self._known.get((is_signer, address))
        return known is not None and known.answer[1] is True and known.answer[0] > self._clock() - LIFETIME
