"""Frauds that pretend to be many, or to be busy, or to be rich."""

from oracle.scoring.config import HOUR
from oracle.scoring.simulator.world import SETUP, Plot


def sybils(plot: Plot, start: int) -> None:
    """One person behind many fresh wallets that all pay the same recipient."""
    world, dice, time = plot.world, plot.world.dice, start
    funder, target = world.address(), world.address()
    amount = dice.uniform(30.0, 300.0)
    wallets = [world.address() for _ in range(dice.randint(9, 16))]
    for wallet in wallets:
        time += plot.wait(20, 400)
        plot.pay(time, funder, wallet, plot.about(amount, 0.01), SETUP)
    dice.shuffle(wallets)
    time += plot.wait(HOUR, 10 * HOUR)
    for number, wallet in enumerate(wallets):
        time += plot.wait(30, 1_200)
        plot.pay(time, wallet, target, plot.about(amount * 0.9, 0.05), "claim" if number >= 4 else SETUP)


def flash(plot: Plot, start: int) -> None:
    """A loan, its use and its return in one transaction."""
    world, dice, bundle = plot.world, plot.world.dice, plot.world.bundle()
    attacker, lender, market = world.address(), world.address(), world.address()
    loan = world.tokens(round(dice.uniform(50_000, 2_000_000), -2))
    gain = loan + world.tokens(dice.uniform(1_000, 40_000))
    plot.pay(start, lender, attacker, loan, SETUP, bundle=bundle)
    plot.pay(start, attacker, market, loan, "use", bundle=bundle)
    plot.pay(start, market, attacker, gain, "gain", bundle=bundle)
    plot.pay(start, attacker, lender, loan + loan * 9 // 10_000, "return", bundle=bundle)


def wash(plot: Plot, start: int) -> None:
    """Two or three wallets of one owner send a sum in circles to fake turnover."""
    world, dice, time = plot.world, plot.world.dice, start
    ring = [world.address() for _ in range(dice.choice((2, 2, 3)))]
    amount = dice.uniform(500, 20_000)
    for step in range(dice.randint(6, 10) * len(ring)):
        time += plot.wait(120, 3 * HOUR)
        sender, recipient = ring[step % len(ring)], ring[(step + 1) % len(ring)]
        plot.pay(time, sender, recipient, plot.about(amount, 0.005), "lap" if step >= 3 * len(ring) else SETUP)
