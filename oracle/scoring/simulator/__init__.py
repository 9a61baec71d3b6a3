"""A seeded economy of stablecoin payments: ordinary life, and every kind of fraud that has an alert, labelled.

It serves training, the demo and the tests. Training never sees the seeds and parameters that evaluation uses.
"""

import hashlib
from collections.abc import Iterator, Mapping

from oracle.scoring.simulator.frauds import STORIES
from oracle.scoring.simulator.life import Economy
from oracle.scoring.simulator.listed import sanctioned_addresses, simulated_lists
from oracle.scoring.simulator.world import SETUP, Draft, LabelledPayment, Parameters, Plot, World
from oracle.scoring.types import Payment

__all__ = [
    "SETUP",
    "STORIES",
    "LabelledPayment",
    "Parameters",
    "sanctioned_addresses",
    "simulate",
    "simulated_lists",
]

_TRADES = 0.08
"""Share of ordinary payments that are market making."""


def simulate(
    seed: int,
    payments: int = 10_000,
    *,
    episodes: int | Mapping[str, int] | None = None,
    parameters: Parameters | None = None,
) -> Iterator[LabelledPayment]:
    """Exactly `payments` payments in order of time, the same for the same arguments.

    `episodes`: how many of each story of STORIES, by name or the same for all; by default so many that about 15% of
    the payments belong to frauds. Raises ValueError for an unknown story, or where the episodes alone exceed
    `payments`.
    """
    world = World(seed, parameters or Parameters())
    counts = _episodes(payments, episodes)
    economy = Economy(world)
    # frauds need victims with a past, so that life comes first; what frauds take up is taken from life afterwards
    while len(world.drafts) < payments * (1 - _TRADES):
        economy.add_neighbourhood()
    economy.add_market_making(round(payments * _TRADES))
    ordinary = len(world.drafts)
    number = 0
    for story, count in counts.items():
        for _ in range(count):
            number += 1
            span = world.end - world.parameters.start
            start = world.parameters.start + int(span * world.dice.uniform(0.4, 0.8))
            STORIES[story].play(Plot(world, story, STORIES[story].label, number), start)
    frauds = len(world.drafts) - ordinary
    if frauds > payments:
        raise ValueError(
            f"{frauds} payments of frauds do not fit into {payments}: ask for fewer episodes or more payments"
        )
    kept = world.drafts[:ordinary]
    drop = set(world.dice.sample(range(ordinary), k=ordinary - (payments - frauds)))
    kept = [draft for index, draft in enumerate(kept) if index not in drop] + world.drafts[ordinary:]
    kept.sort(key=lambda draft: draft.time)
    for index, draft in enumerate(kept):
        yield _payment(world, index, draft)


def _episodes(payments: int, episodes: int | Mapping[str, int] | None) -> dict[str, int]:
    if episodes is None:
        episodes = max(1, round(payments * 0.15 / 150))
    if isinstance(episodes, int):
        return dict.fromkeys(STORIES, episodes)
    if unknown := set(episodes) - set(STORIES):
        raise ValueError(f"no story is called {', '.join(sorted(unknown))}; there are {', '.join(STORIES)}")
    return {story: episodes.get(story, 0) for story in STORIES}


def _payment(world: World, index: int, draft: Draft) -> LabelledPayment:
    p = world.parameters
    transaction = f"bundle:{draft.bundle}" if draft.bundle else f"payment:{index}"
    payment = Payment(
        payment_id=_hash(f"payflow:{world.seed}:id:{index}"),
        sender=draft.sender,
        recipient=draft.recipient,
        token=p.token,
        amount=draft.micro * 10**p.decimals // 10**6,
        decimals=p.decimals,
        timestamp=draft.time - draft.time % p.block_seconds,
        block=1 + (draft.time - p.start) // p.block_seconds,
        tx=_hash(f"payflow:{world.seed}:{transaction}"),
    )
    return LabelledPayment(payment, draft.label, draft.story, draft.role, draft.episode)


def _hash(text: str) -> str:
    return "0x" + hashlib.sha256(text.encode()).hexdigest()
