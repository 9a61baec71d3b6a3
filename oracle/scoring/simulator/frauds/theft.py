"""Frauds on someone: stolen keys, look-alike addresses, dust."""

from collections import Counter

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.simulator.frauds.victims import someone
from oracle.scoring.simulator.world import SETUP, Plot
from oracle.scoring.types import MICRO


def burst(plot: Plot, start: int) -> None:
    """A stolen key empties a wallet in many usual sums, faster than its owner ever paid."""
    world, dice, victim, time = plot.world, plot.world.dice, someone(plot, start), start
    for number in range(dice.randint(30, 50)):
        time += plot.wait(4, 40)
        target = world.address() if dice.random() < 0.7 else dice.choice(victim.shops)
        amount = world.spend(victim.median, victim.sigma)
        plot.pay(time, victim.address, target, amount, "drain" if number >= 18 else SETUP)


def takeover(plot: Plot, start: int) -> None:
    """A stolen key sends far more than its owner ever did, to a stranger."""
    world, dice, victim = plot.world, plot.world.dice, someone(plot, start)
    sent = [draft.micro for draft in world.drafts if draft.sender == victim.address and draft.time < start]
    held = sum(draft.micro for draft in world.drafts if draft.recipient == victim.address and draft.time < start)
    held -= sum(sent)
    largest = max(sent, default=MICRO)
    # half of them take what the wallet holds, the others more: money that came from elsewhere
    micro = int(max(largest * dice.uniform(5.0, 20.0), victim.median * MICRO * dice.uniform(200.0, 900.0)))
    if held > 5 * largest and dice.random() < 0.5:
        micro = int(held * dice.uniform(0.8, 1.0))
    micro = int(micro * (1.0 - 0.6 * world.parameters.cunning))
    plot.pay(start, victim.address, world.address(), micro // 10_000 * 10_000, "drain")


def poisoning(plot: Plot, start: int) -> None:
    """A look-alike of someone the victim pays is planted by dust, and paid by mistake later."""
    world, dice, victim = plot.world, plot.world.dice, someone(plot, start)
    paid = Counter(
        draft.recipient
        for draft in world.drafts
        if draft.sender == victim.address and draft.time < start and draft.micro > MICRO
    )
    fewer = round(world.parameters.cunning)
    fake = world.look_alike(paid.most_common(1)[0][0], dice.randint(3, 5) - fewer, dice.randint(4, 6))
    plot.pay(start, fake, victim.address, dice.randint(1, 10_000), "bait")
    later = start + dice.randint(HOUR, 3 * DAY)
    plot.pay(later, victim.address, fake, world.spend(victim.median * 3, victim.sigma), "payoff")


def dusting(plot: Plot, start: int) -> None:
    """Worthless sums to many wallets, to link or to lure their owners."""
    world, dice, attacker, time = plot.world, plot.world.dice, plot.world.address(), start
    targets = [person.address for person in world.people]
    for target in dice.sample(targets, k=min(len(targets), dice.randint(6, 15))):
        time += plot.wait(12, 200)
        plot.pay(time, attacker, target, int(dice.randint(1, 20_000) * plot.patience), "dust")
