"""A real node in a thread of the test, and waiting for what it does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from oracle.chain.status import PaymentStatus
from oracle.node import FeedEvent, Node, NodeService, PaymentView, Stage
from oracle.settings import Settings

T = TypeVar("T")
PATIENCE = 20.0


class RunningNode:
    """A node at work. `failure` holds what ended it, if anything did."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = CollectorRegistry()
        self.node = Node(settings, registry=self.registry)
        self.events: list[FeedEvent] = []
        self.failure: BaseException | None = None
        self.node.service.subscribe(self.events.append)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.node.run(self._stop)
        except BaseException as failure:
            self.failure = failure

    @property
    def service(self) -> NodeService:
        return self.node.service

    def start(self) -> None:
        self._thread.start()

    def tell_to_stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the node does not stop"

    def stop(self) -> None:
        self.tell_to_stop()
        self.node.close()

    def payment(self, payment_id: str) -> PaymentView:
        return self.service.payment(payment_id).payment

    def reaches(self, payment_id: str, status: PaymentStatus) -> PaymentView:
        """Wait until the node has seen the payment in `status`."""
        return eventually(
            lambda: next((one for one in self._find(payment_id) if one.status is status), None),
            f"{payment_id} becomes {status}",
            lambda: (self._find(payment_id), self.service.health()),
        )

    def reaches_stage(self, payment_id: str, stage: Stage) -> PaymentView:
        return eventually(
            lambda: next((one for one in self._find(payment_id) if one.stage is stage), None),
            f"{payment_id} is {stage}",
            lambda: (self._find(payment_id), self.service.health()),
        )

    def ready(self) -> None:
        """Wait until the node has caught up; the first one on a machine compiles its loops before."""
        eventually(lambda: self.service.health().ready, "the node is ready", self.service.health, patience=180)

    def problem(self, code: str) -> str:
        """Wait for a problem; its message."""
        return eventually(
            lambda: next((one.message for one in self.service.health().problems if one.code == code), None),
            f"problem {code}",
            self.service.health,
        )

    def untroubled(self) -> None:
        eventually(lambda: not self.service.health().problems, "no problems", self.service.health)

    def _find(self, payment_id: str) -> list[PaymentView]:
        assert self.failure is None, f"the node ended with {self.failure!r}"
        try:
            return [self.payment(payment_id)]
        except Exception:
            return []

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


def eventually(
    look: Callable[[], T | None], what: str, detail: Callable[[], Any] = lambda: "", *, patience: float = PATIENCE
) -> T:
    """The first truthy answer of `look`; fails with `detail` when there is none in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not in {patience} s: {what}\n{detail()}")


@contextmanager
def running(settings: Settings, *, defects: int = 0) -> Iterator[RunningNode]:
    """`defects`: how many rounds may end in a way that nobody foresaw; the node would get over them unseen."""
    node = RunningNode(settings)
    node.start()
    try:
        yield node
        assert node.failure is None, f"the node ended with {node.failure!r}"
        assert node.metric("payflow_step_errors_total", code="unexpected-failure") == defects
    finally:
        node.stop()
