"""The clock, the addresses and the dice of one simulated economy, and the list of what happens in it."""

import hashlib
from dataclasses import dataclass, field
from random import Random

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.types import MICRO, NO_ALERT, Alert, Payment

SETUP = "setup"
"""Role of payments that prepare a fraud and that nobody could tell from ordinary ones; they are not labelled."""


@dataclass(frozen=True, slots=True)
class LabelledPayment:
    """A simulated payment and the truth about it.

    `label` is 0 for ordinary life and for what prepares a fraud; `story` names the plot, `role` the part in it, and
    `episode` numbers the fraud (0: ordinary life).
    """

    payment: Payment
    label: Alert
    story: str
    role: str
    episode: int

    @property
    def ordinary(self) -> bool:
        """Whether the payment belongs to no fraud at all."""
        return self.episode == 0


@dataclass(frozen=True, slots=True)
class Parameters:
    """How this economy differs from another one. Amounts in tokens."""

    days: int = 45
    start: int = 1_704_067_200  # 2024-01-01 00:00 UTC, a Monday
    block_seconds: int = 12
    token: str = "0x1c7d4b196cb0c7b01d743fbc6116a902379c7238"  # noqa: S105 -- no password
    decimals: int = 6
    spend_median: tuple[float, float] = (12.0, 70.0)
    spend_sigma: tuple[float, float] = (0.5, 1.0)
    payments_a_day: tuple[float, float] = (0.2, 1.6)
    salary: tuple[float, float] = (1_800.0, 8_500.0)
    household: int = 8
    night_share: float = 0.04
    cunning: float = 0.0
    """0: frauds as usual; 1: much slower, with sums that vary more and look-alikes that match less."""


@dataclass(slots=True)
class Draft:
    """A payment before it has an id and a block. Payments of one `bundle` (not 0) share a transaction."""

    time: int
    sender: str
    recipient: str
    micro: int
    story: str
    role: str
    label: Alert = NO_ALERT
    episode: int = 0
    bundle: int = 0


@dataclass(slots=True)
class Person:
    """A wallet with a daily life."""

    address: str
    zone: int
    median: float
    sigma: float
    rate: float
    salary: int
    born: int
    shops: list[str] = field(default_factory=list)
    friends: list[str] = field(default_factory=list)
    deposit: str = ""


class World:
    """Everything drawn from one seed."""

    def __init__(self, seed: int, parameters: Parameters) -> None:
        self.seed = seed
        self.parameters = parameters
        self.dice = Random(f"payflow:{seed}:life")  # noqa: S311 -- a simulation must be repeatable
        self.drafts: list[Draft] = []
        self.people: list[Person] = []
        self.shops: list[str] = []
        self._born = 0
        self._bundles = 0

    @property
    def end(self) -> int:
        """The last second, in unix seconds."""
        return self.parameters.start + self.parameters.days * DAY

    def address(self) -> str:
        """A new address: 20 bytes that look like any other's."""
        self._born += 1
        return "0x" + hashlib.sha256(f"payflow:{self.seed}:address:{self._born}".encode()).hexdigest()[:40]

    def look_alike(self, address: str, leading: int, trailing: int) -> str:
        """A new address with the first and last digits of another one."""
        middle = self.address()[2 + leading : 42 - trailing]
        return address[: 2 + leading] + middle + address[42 - trailing :]

    def bundle(self) -> int:
        """A new transaction that several payments share."""
        self._bundles += 1
        return self._bundles

    def tokens(self, amount: float) -> int:
        """An amount in cents, as people pay."""
        return max(1, round(amount * 100)) * MICRO // 100

    def spend(self, median: float, sigma: float) -> int:
        """A log-normal amount; half of them end on .00, .50 or .99, as prices do."""
        amount = median * self.dice.lognormvariate(0.0, sigma)
        if self.dice.random() < 0.5:
            amount = max(1.0, float(int(amount))) + self.dice.choice((0.0, 0.5, 0.99, -0.01))
        return self.tokens(amount)

    def moment(self, day: int, zone: int) -> int:
        """A waking second of that day for someone `zone` hours east of UTC, rarely a sleepless one."""
        if self.dice.random() < self.parameters.night_share:
            hour = self.dice.uniform(0.0, 6.0)
        else:
            hour = self.dice.triangular(7.0, 23.5, self.dice.choice((12.5, 18.5)))
        second = self.parameters.start + day * DAY + int((hour - zone) * HOUR)
        return min(max(second, self.parameters.start), self.end - 1)

    def pay(
        self,
        time: int,
        sender: str,
        recipient: str,
        micro: int,
        story: str,
        role: str = "",
        *,
        label: Alert = NO_ALERT,
        episode: int = 0,
        bundle: int = 0,
    ) -> None:
        """Write a payment down; what would happen after the end does not happen."""
        if self.parameters.start <= time < self.end:
            self.drafts.append(Draft(time, sender, recipient, micro, story, role, label, episode, bundle))


@dataclass(frozen=True, slots=True)
class Plot:
    """One episode of a fraud: every payment of it is labelled unless it only sets the fraud up."""

    world: World
    story: str
    label: Alert
    episode: int

    @property
    def patience(self) -> float:
        """How many times slower than usual this economy's frauds are."""
        return 1.0 + 4.0 * self.world.parameters.cunning

    def wait(self, least: int, most: int) -> int:
        """Seconds until the next step."""
        return int(self.world.dice.randint(least, most) * self.patience)

    def about(self, amount: float, spread: float) -> int:
        """An amount in cents around `amount`; cunning spreads it ten times as widely."""
        spread *= 1.0 + 9.0 * self.world.parameters.cunning
        return self.world.tokens(amount * self.world.dice.uniform(1.0 - spread, 1.0 + spread))

    def pay(self, time: int, sender: str, recipient: str, micro: int, role: str, *, bundle: int = 0) -> None:
        """Write a payment of the plot down."""
        label = NO_ALERT if role == SETUP else self.label
        self.world.pay(
            time, sender, recipient, micro, self.story, role, label=label, episode=self.episode, bundle=bundle
        )
