"""What the node counts, as Prometheus reads it."""

from math import isnan

from prometheus_client import CollectorRegistry

from oracle.errors import StoreUnavailable
from oracle.node.metrics import NodeMetrics

STAGE = "payflow_payments_in_stage"


def test_stages__metrics_are_read__are_counted_then_and_those_without_payments_are_zero() -> None:
    registry, found = CollectorRegistry(), dict[str, int]()
    NodeMetrics(registry).count_stages(lambda: found)
    found.update(stuck=3)
    assert registry.get_sample_value(STAGE, {"stage": "stuck"}) == 3
    assert registry.get_sample_value(STAGE, {"stage": "done"}) == 0


def test_stages__journal_cannot_be_read__are_not_a_number_and_the_other_metrics_remain() -> None:
    def away() -> dict[str, int]:
        raise StoreUnavailable(journal="journal.sqlite3", cause="disk I/O error")

    registry = CollectorRegistry()
    metrics = NodeMetrics(registry)
    metrics.count_stages(away)
    metrics.head_block.set(7)
    assert isnan(registry.get_sample_value(STAGE, {"stage": "stuck"}) or 0)
    assert registry.get_sample_value("payflow_head_block", {}) == 7
