"""The live feed inside the process: who listens is told, in order, and nobody is waited for."""

import threading
import time
from collections.abc import Callable, Mapping

import structlog

from oracle.node.views import FeedEvent

Listener = Callable[[FeedEvent], None]

log = structlog.get_logger("payflow.node")


class EventBus:
    """Passes events from the node's threads to listeners. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, Listener] = {}
        self._next_listener = 0
        self._sequence = 0

    def publish(self, kind: str, data: Mapping[str, object]) -> None:
        """Tell every listener; one that raises is dropped."""
        with self._lock:  # held while telling, so that all listeners see one order
            self._sequence += 1
            event = FeedEvent(self._sequence, kind, time.time(), data)
            for number, listener in list(self._listeners.items()):
                try:
                    listener(event)
                except Exception as failed:
                    del self._listeners[number]
                    log.warning("feed listener dropped", error=type(failed).__name__)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns how to remove it."""
        with self._lock:
            number = self._next_listener
            self._next_listener += 1
            self._listeners[number] = listener

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.pop(number, None)

        return unsubscribe
