"""What the node counts and times, in the registry that it is given."""

import math
from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from oracle.errors import StoreError
from oracle.node.views import Stage


class NodeMetrics:
    """The node's metrics; one instance per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.payments = Counter("payflow_payments_scored", "Canonical payments scored", ["level"], registry=registry)
        self.outcomes = Counter(
            "payflow_payment_status", "Moves of payments by the contract", ["status"], registry=registry
        )
        self.scoring_seconds = Histogram(
            "payflow_scoring_seconds",
            "Time to score one payment, features included",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
            registry=registry,
        )
        self.settle_seconds = Histogram(
            "payflow_settle_seconds",
            "Chain time from a payment's creation to the contract's verdict",
            buckets=(1, 2, 3, 5, 8, 13, 30, 60, 120, 300, 900, 3600),
            registry=registry,
        )
        self.reorganisations = Counter("payflow_reorganisations", "Rewinds of the journal", registry=registry)
        self.reorganisation_depth = Histogram(
            "payflow_reorganisation_depth",
            "Blocks taken back at a time",
            buckets=(1, 2, 3, 5, 10, 32, 64, 128, 1024),
            registry=registry,
        )
        self.transactions = Counter(
            "payflow_transactions", "Own transactions included", ["kind", "result"], registry=registry
        )
        self.gas_used = Counter("payflow_gas_used", "Gas that own transactions used", ["kind"], registry=registry)
        self.refusals = Counter(
            "payflow_settlement_refusals", "Settlements that the contract refused", registry=registry
        )
        self.step_errors = Counter("payflow_step_errors", "Rounds that an error ended", ["code"], registry=registry)
        self.head_block = Gauge("payflow_head_block", "Newest block of the chain", registry=registry)
        self.cursor_block = Gauge("payflow_cursor_block", "Newest block in the journal", registry=registry)
        self.stage = Gauge(
            "payflow_payments_in_stage", "Payments by stage of this node's work", ["stage"], registry=registry
        )
        self.in_flight = Gauge("payflow_transactions_in_flight", "Own transactions not included yet", registry=registry)

    def count_stages(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Ask for the payments of each stage when the metrics are read, and only then: it takes a look at all of them.
        They are not a number while the journal cannot be read."""

        def read(stage: Stage) -> float:
            try:
                return count().get(stage.value, 0)
            except StoreError:
                return math.nan

        for stage in Stage:
            self.stage.labels(stage=stage.value).set_function(partial(read, stage))
