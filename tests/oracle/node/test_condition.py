"""The feed and the node's own state."""

from oracle.errors import StoreFull
from oracle.node import FeedEvent, NodeState
from oracle.node.bus import EventBus
from oracle.node.condition import Condition


def test_publish__a_listener_that_raises__is_dropped_and_the_others_hear_everything() -> None:
    bus, heard = EventBus(), list[FeedEvent]()

    def broken(_event: FeedEvent) -> None:
        raise RuntimeError

    bus.subscribe(broken)
    unsubscribe = bus.subscribe(heard.append)
    bus.publish("state", {"n": 1})
    bus.publish("state", {"n": 2})
    unsubscribe()
    unsubscribe()
    bus.publish("state", {"n": 3})
    assert [(event.sequence, event.data["n"]) for event in heard] == [(1, 1), (2, 2)]


def test_state__problems_come_and_go__each_topic_once_and_told_on_change_only() -> None:
    bus, heard = EventBus(), list[FeedEvent]()
    bus.subscribe(heard.append)
    condition = Condition(bus)
    assert condition.state()[0] is NodeState.STARTING
    condition.running(True)
    condition.learn(chain_id=1)
    condition.learn(caught_up=True)
    for _ in range(3):
        condition.report("journal", StoreFull(journal="j"))
    assert [problem.code for problem in condition.state()[2]] == ["store-full"]
    condition.clear("journal")
    condition.clear("journal")
    condition.running(False)
    assert [event.data["state"] for event in heard] == ["starting", "syncing", "ready", "degraded", "ready", "stopped"]


def test_chain_now__blocks_come_while_it_watches__is_the_chains_own_clock() -> None:
    condition = Condition(EventBus())
    condition.see_head(1, 1_000)
    assert condition.chain_now() > 1_000_000_000  # of any age: this clock is the better guess
    condition.see_head(2, 1_012)
    assert 1_012 <= condition.chain_now() < 1_100
    condition.see_head(2, 1_012)
    assert 1_012 <= condition.chain_now() < 1_100
