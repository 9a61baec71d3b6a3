"""Frauds that hide where money comes from."""

from itertools import pairwise

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.simulator.listed import sanctioned_addresses
from oracle.scoring.simulator.world import SETUP, Plot


def structuring(plot: Plot, start: int) -> None:
    """A large sum in pieces that stay just under the reporting threshold."""
    world, dice, sender, time = plot.world, plot.world.dice, plot.world.address(), start
    plot.pay(time, world.address(), sender, world.tokens(dice.uniform(60_000, 90_000)), SETUP)
    lowest = 9_050 - 1_500 * world.parameters.cunning
    for number in range(dice.randint(4, 8)):
        time += plot.wait(2 * HOUR, 20 * HOUR)
        amount = world.tokens(dice.choice((dice.uniform(lowest, 9_990), 9_500.0, 9_900.0)))
        plot.pay(time, sender, world.address(), amount, "piece" if number else SETUP)


def mule(plot: Plot, start: int) -> None:
    """A mule account splits what comes in at once, or many small ones feed it and one payment leaves."""
    world, dice, account, time = plot.world, plot.world.dice, plot.world.address(), start
    steps = dice.randint(4, 8)
    kept = dice.uniform(0.97, 1.0)
    if dice.random() < 0.5:
        total = dice.uniform(3_000, 40_000)
        plot.pay(time, world.address(), account, world.tokens(total), SETUP)
        parts = [dice.uniform(0.8, 1.2) for _ in range(steps)]
        for number, part in enumerate(parts, start=1):
            time += plot.wait(60, 700)
            # until nearly everything has left again it is someone paying bills
            amount = world.tokens(total * kept * part / sum(parts))
            plot.pay(time, account, world.address(), amount, "split" if number == steps else SETUP)
        return
    total = 0.0
    for _ in range(steps):
        amount_in = dice.uniform(600, 6_000)
        total += amount_in
        time += plot.wait(60, 700)
        plot.pay(time, world.address(), account, world.tokens(amount_in), SETUP)
    plot.pay(time + plot.wait(60, 1_800), account, world.address(), world.tokens(total * kept), "collect")


def mixer(plot: Plot, start: int) -> None:
    """Equal sums in from many, equal sums out to as many others."""
    world, dice, pool, time = plot.world, plot.world.dice, plot.world.address(), start
    sum_in = world.tokens(dice.choice((100.0, 500.0, 1_000.0, 5_000.0)))
    sum_out = sum_in - sum_in * dice.randint(0, 5) // 1_000
    done_in, done_out = 0, 0
    while done_out < 16:
        time += plot.wait(900, 3 * HOUR)
        setup = min(done_in, done_out) < 6
        if done_in == done_out or (done_in < 20 and dice.random() < 0.55):
            done_in += 1
            plot.pay(time, world.address(), pool, sum_in, SETUP if setup else "deposit")
        else:
            done_out += 1
            plot.pay(time, pool, world.address(), sum_out, SETUP if setup else "payout")


def layering(plot: Plot, start: int) -> None:
    """One sum hops through fresh wallets to lose its origin."""
    world, dice, time = plot.world, plot.world.dice, start
    amount = dice.uniform(2_000, 80_000)
    chain = [world.address() for _ in range(dice.randint(6, 10))]
    for hop, (sender, recipient) in enumerate(pairwise(chain)):
        time += plot.wait(300, 5 * HOUR)
        plot.pay(time, sender, recipient, world.tokens(amount), "hop" if hop >= 3 else SETUP)
        amount *= dice.uniform(1.0 - 0.012 * plot.patience, 1.0)


def sanctioned(plot: Plot, start: int) -> None:
    """Dealings with listed wallets, both ways."""
    world, dice, other = plot.world, plot.world.dice, plot.world.address()
    listed = dice.choice(sanctioned_addresses(world.seed))
    for number in range(2):
        sender, recipient = (other, listed) if (number + plot.episode) % 2 else (listed, other)
        time = start + number * dice.randint(HOUR, 2 * DAY)
        plot.pay(time, sender, recipient, world.spend(800.0, 1.0), "dealing")
