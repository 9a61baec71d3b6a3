"""Whom a thief finds: someone with habits."""

from collections import Counter

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.simulator.world import SETUP, Person, Plot

_USUAL = 12
"""Payments that a taken-over wallet has behind it."""


def someone(plot: Plot, start: int) -> Person:
    """Someone with habits before `start`; where life has not produced them yet, a newcomer with a compressed past."""
    world, dice = plot.world, plot.world.dice
    history = Counter(draft.sender for draft in world.drafts if draft.episode == 0 and draft.time < start)
    used = {draft.sender for draft in world.drafts if draft.episode}
    settled = [p for p in world.people if history[p.address] >= _USUAL and p.address not in used]
    if settled:
        return dice.choice(settled)
    person = Person(world.address(), 0, dice.uniform(15.0, 60.0), 0.6, 1.0, 0, 0)
    person.shops = [dice.choice(world.shops) if world.shops else world.address() for _ in range(3)]
    for number in range(_USUAL):
        time = max(world.parameters.start, start - (number + 1) * DAY - dice.randint(0, 6 * HOUR))
        plot.pay(time, person.address, dice.choice(person.shops), world.spend(person.median, 0.6), SETUP)
    return person
