"""Fraud stories, one function each. Payments that set a story up carry no label: nobody could tell them from
ordinary life.

Which payments set up and which commit the fraud is part of the story and written here, not derived from what any
detector finds.
"""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.simulator.world import SETUP, Person, World
from oracle.scoring.types import MICRO, Alert

Story = Callable[[World, int, int], None]
"""(world, start in unix seconds, episode)"""

_USUAL = 12
"""Payments that a taken-over wallet is made to have behind it."""


def _victim(world: World, start: int, episode: int, story: str) -> Person:
    """Someone with habits before `start`; where life has not produced them yet, a newcomer with a compressed past."""
    dice = world.dice
    history: dict[str, int] = {}
    for draft in world.drafts:
        if draft.episode == 0 and draft.time < start:
            history[draft.sender] = history.get(draft.sender, 0) + 1
    used = {draft.sender for draft in world.drafts if draft.episode}
    settled = [p for p in world.people if history.get(p.address, 0) >= _USUAL and p.address not in used]
    if settled:
        return dice.choice(settled)
    person = Person(world.address(), 0, dice.uniform(15.0, 60.0), 0.6, 1.0, 0, 0)
    person.shops = [dice.choice(world.shops) if world.shops else world.address() for _ in range(3)]
    for number in range(_USUAL):
        time = max(world.parameters.start, start - (number + 1) * DAY - dice.randint(0, 6 * HOUR))
        world.pay(
            time,
            person.address,
            dice.choice(person.shops),
            world.spend(person.median, 0.6),
            story,
            SETUP,
            episode=episode,
        )
    return person


def burst(world: World, start: int, episode: int) -> None:
    """A stolen key empties a wallet in many usual sums, faster than its owner ever paid."""
    dice, victim, time = world.dice, _victim(world, start, episode, "burst"), start
    for number in range(dice.randint(30, 50)):
        time += dice.randint(4, 40)
        target = world.address() if dice.random() < 0.7 else dice.choice(victim.shops)
        opening = number < 18
        world.pay(
            time,
            victim.address,
            target,
            world.spend(victim.median, victim.sigma),
            "burst",
            SETUP if opening else "drain",
            label=Alert(0) if opening else Alert.VELOCITY_ANOMALY,
            episode=episode,
        )


def takeover(world: World, start: int, episode: int) -> None:
    """A stolen key sends far more than its owner ever did, to a stranger."""
    dice, victim = world.dice, _victim(world, start, episode, "takeover")
    largest = max([d.micro for d in world.drafts if d.sender == victim.address and d.time < start], default=MICRO)
    held = sum(d.micro for d in world.drafts if d.recipient == victim.address and d.time < start)
    held -= sum(d.micro for d in world.drafts if d.sender == victim.address and d.time < start)
    # half of them take what the wallet holds, the others more: money that came from elsewhere
    micro = int(max(largest * dice.uniform(5.0, 20.0), victim.median * MICRO * dice.uniform(200.0, 900.0)))
    if held > 5 * largest and dice.random() < 0.5:
        micro = int(held * dice.uniform(0.8, 1.0))
    world.pay(
        start,
        victim.address,
        world.address(),
        micro // 10_000 * 10_000,
        "takeover",
        "drain",
        label=Alert.AMOUNT_ANOMALY,
        episode=episode,
    )


def structuring(world: World, start: int, episode: int) -> None:
    """A large sum in pieces that stay just under the reporting threshold."""
    dice, sender, time = world.dice, world.address(), start
    source = world.address()
    world.pay(time, source, sender, world.tokens(dice.uniform(60_000, 90_000)), "structuring", SETUP, episode=episode)
    for number in range(dice.randint(4, 8)):
        time += dice.randint(2 * HOUR, 20 * HOUR)
        amount = world.tokens(dice.choice((dice.uniform(9_050, 9_990), 9_500.0, 9_900.0)))
        world.pay(
            time,
            sender,
            world.address(),
            amount,
            "structuring",
            SETUP if number == 0 else "piece",
            label=Alert(0) if number == 0 else Alert.AMOUNT_ANOMALY,
            episode=episode,
        )


def mule(world: World, start: int, episode: int) -> None:
    """A mule account splits what comes in at once, or many small ones feed it and one payment leaves."""
    dice, account, time = world.dice, world.address(), start
    if dice.random() < 0.5:
        total = dice.uniform(3_000, 40_000)
        world.pay(time, world.address(), account, world.tokens(total), "mule", SETUP, episode=episode)
        parts = [dice.uniform(0.8, 1.2) for _ in range(dice.randint(4, 8))]
        scale = total * dice.uniform(0.97, 1.0) / sum(parts)
        for number, part in enumerate(parts):
            time += dice.randint(60, 700)
            # until nearly everything has left again it is someone paying bills
            last = number == len(parts) - 1
            world.pay(
                time,
                account,
                world.address(),
                world.tokens(part * scale),
                "mule",
                "split" if last else SETUP,
                label=Alert.PATTERN_ANOMALY if last else Alert(0),
                episode=episode,
            )
        return
    total = 0.0
    for _ in range(dice.randint(4, 8)):
        amount = dice.uniform(600, 6_000)
        total += amount
        time += dice.randint(60, 700)
        world.pay(time, world.address(), account, world.tokens(amount), "mule", SETUP, episode=episode)
    world.pay(
        time + dice.randint(60, 1_800),
        account,
        world.address(),
        world.tokens(total * dice.uniform(0.97, 1.0)),
        "mule",
        "collect",
        label=Alert.PATTERN_ANOMALY,
        episode=episode,
    )


def mixer(world: World, start: int, episode: int) -> None:
    """Equal sums in from many, equal sums out to as many others."""
    dice, pool, time = world.dice, world.address(), start
    sum_in = world.tokens(dice.choice((100.0, 500.0, 1_000.0, 5_000.0)))
    sum_out = sum_in - sum_in * dice.randint(0, 5) // 1_000
    waiting, done_in, done_out = 0, 0, 0
    while done_out < 16:
        time += dice.randint(900, 3 * HOUR)
        if waiting == 0 or (done_in < 20 and dice.random() < 0.55):
            opening = min(done_in, done_out) < 6
            waiting, done_in = waiting + 1, done_in + 1
            sender, recipient, micro, role = world.address(), pool, sum_in, "deposit"
        else:
            opening = min(done_in, done_out) < 6
            waiting, done_out = waiting - 1, done_out + 1
            sender, recipient, micro, role = pool, world.address(), sum_out, "payout"
        world.pay(
            time,
            sender,
            recipient,
            micro,
            "mixer",
            SETUP if opening else role,
            label=Alert(0) if opening else Alert.MIXING_DETECTED,
            episode=episode,
        )


def dusting(world: World, start: int, episode: int) -> None:
    """Worthless sums to many wallets, to link or to lure their owners."""
    dice, attacker, time = world.dice, world.address(), start
    targets = [person.address for person in world.people]
    for target in dice.sample(targets, k=min(len(targets), dice.randint(6, 15))):
        time += dice.randint(12, 200)
        world.pay(
            time, attacker, target, dice.randint(1, 20_000), "dusting", "dust", label=Alert.DUST_ATTACK, episode=episode
        )


def sybils(world: World, start: int, episode: int) -> None:
    """One person behind many fresh wallets that all pay the same recipient."""
    dice, funder, target, time = world.dice, world.address(), world.address(), start
    count, amount = dice.randint(9, 16), dice.uniform(30.0, 300.0)
    wallets = [world.address() for _ in range(count)]
    for wallet in wallets:
        time += dice.randint(20, 400)
        world.pay(
            time, funder, wallet, world.tokens(amount * dice.uniform(0.99, 1.01)), "sybils", SETUP, episode=episode
        )
    dice.shuffle(wallets)
    time += dice.randint(HOUR, 10 * HOUR)
    for number, wallet in enumerate(wallets):
        time += dice.randint(30, 1_200)
        opening = number < 4
        world.pay(
            time,
            wallet,
            target,
            world.tokens(amount * dice.uniform(0.85, 0.95)),
            "sybils",
            SETUP if opening else "claim",
            label=Alert(0) if opening else Alert.SYBIL_ATTACK,
            episode=episode,
        )


def flash(world: World, start: int, episode: int) -> None:
    """A loan, its use and its return in one transaction."""
    dice, attacker, lender, market = world.dice, world.address(), world.address(), world.address()
    loan, bundle = world.tokens(round(dice.uniform(50_000, 2_000_000), -2)), world.bundle()
    gain = loan + world.tokens(dice.uniform(1_000, 40_000))
    steps = (
        (lender, attacker, loan, SETUP),
        (attacker, market, loan, "use"),
        (market, attacker, gain, "gain"),
        (attacker, lender, loan + loan * 9 // 10_000, "return"),
    )
    for sender, recipient, micro, role in steps:
        label = Alert(0) if role == SETUP else Alert.FLASH_LOAN_ATTACK
        world.pay(start, sender, recipient, micro, "flash", role, label=label, episode=episode, bundle=bundle)


def wash(world: World, start: int, episode: int) -> None:
    """Two or three wallets of one owner send a sum in circles to fake turnover."""
    dice, time = world.dice, start
    ring = [world.address() for _ in range(dice.choice((2, 2, 3)))]
    amount, laps = dice.uniform(500, 20_000), dice.randint(6, 10)
    for step in range(laps * len(ring)):
        time += dice.randint(120, 3 * HOUR)
        sender, recipient = ring[step % len(ring)], ring[(step + 1) % len(ring)]
        opening = step < 3 * len(ring)
        world.pay(
            time,
            sender,
            recipient,
            world.tokens(amount * dice.uniform(0.995, 1.005)),
            "wash",
            SETUP if opening else "lap",
            label=Alert(0) if opening else Alert.WASH_TRADING,
            episode=episode,
        )


def layering(world: World, start: int, episode: int) -> None:
    """One sum hops through fresh wallets to lose its origin."""
    dice, time, amount = world.dice, start, world.dice.uniform(2_000, 80_000)
    chain = [world.address() for _ in range(dice.randint(6, 10))]
    for hop, (sender, recipient) in enumerate(pairwise(chain)):
        time += dice.randint(300, 5 * HOUR)
        opening = hop < 3
        world.pay(
            time,
            sender,
            recipient,
            world.tokens(amount),
            "layering",
            SETUP if opening else "hop",
            label=Alert(0) if opening else Alert.LAYERING,
            episode=episode,
        )
        amount *= dice.uniform(0.988, 1.0)


def poisoning(world: World, start: int, episode: int) -> None:
    """A look-alike of someone the victim pays is planted by dust, and paid by mistake later."""
    dice, victim = world.dice, _victim(world, start, episode, "poisoning")
    paid = Counter(
        d.recipient for d in world.drafts if d.sender == victim.address and d.time < start and d.micro > MICRO
    )
    target = paid.most_common(1)[0][0]
    fake = world.look_alike(target, dice.randint(3, 5), dice.randint(4, 6))
    label = Alert.ADDRESS_POISONING
    world.pay(start, fake, victim.address, dice.randint(1, 10_000), "poisoning", "bait", label=label, episode=episode)
    world.pay(
        start + dice.randint(HOUR, 3 * DAY), victim.address, fake, world.spend(victim.median * 3, victim.sigma),
        "poisoning", "payoff", label=label, episode=episode,
    )  # fmt: skip


def sanctioned(world: World, start: int, episode: int) -> None:
    """Dealings with listed wallets, both ways."""
    from oracle.scoring.simulator.listed import sanctioned_addresses

    dice = world.dice
    listed = dice.choice(sanctioned_addresses(world.seed))
    other = world.address()
    for number in range(2):
        sender, recipient = (other, listed) if (number + episode) % 2 else (listed, other)
        world.pay(
            start + number * dice.randint(HOUR, 2 * DAY),
            sender,
            recipient,
            world.spend(800.0, 1.0),
            "sanctioned",
            "dealing",
            label=Alert.SANCTIONED_INTERACTION,
            episode=episode,
        )


STORIES: dict[str, Story] = {
    "burst": burst,
    "takeover": takeover,
    "structuring": structuring,
    "mule": mule,
    "mixer": mixer,
    "sanctioned": sanctioned,
    "dusting": dusting,
    "sybils": sybils,
    "flash": flash,
    "wash": wash,
    "layering": layering,
    "poisoning": poisoning,
}
"""Stories by name. Together they contain every alert type."""
