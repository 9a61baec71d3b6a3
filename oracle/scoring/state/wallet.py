"""What is remembered of one wallet and of one pair of wallets. Everything is bounded."""

from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

from oracle.scoring.config import DAY, HOUR, MONTH
from oracle.scoring.numbers import log2
from oracle.scoring.state.trail import Trail

T = TypeVar("T")

RECENT = 32
"""Payments kept one by one, per wallet and direction."""
PARTNERS = 256
"""Counterparties kept, per wallet and direction; beyond them the one that was silent longest is forgotten."""
AMOUNTS = 64
"""Sent amounts that a wallet's own amount profile is made of."""
FUNDED = 64
"""Fresh wallets that are remembered as funded by a wallet."""
LAPS = 16
"""Closed round trips that are remembered of a wallet."""


@dataclass(frozen=True, slots=True)
class Move:
    """A past payment. `hops`: how often the same sum had been passed on before; `origin`: who sent it first."""

    time: int
    sender: str
    recipient: str
    token: str
    micro: int
    payment_id: str
    block: int
    tx: str
    hops: int
    origin: str


class Pair:
    """All payments from one wallet to another one; shared by both sides."""

    __slots__ = ("count", "first", "last", "last_id", "trail", "volume")

    def __init__(self, time: int) -> None:
        self.count = 0
        self.volume = 0
        self.first = time
        self.last = time
        self.last_id = ""
        self.trail = Trail()

    def add(self, time: int, micro: int, payment_id: str) -> None:
        """Take a payment in."""
        self.count += 1
        self.volume += micro
        self.last = time
        self.last_id = payment_id
        self.trail.add(time, micro, time - MONTH)


class AmountProfile:
    """The last `AMOUNTS` sent amounts in order of size, with their binary logarithms."""

    __slots__ = ("_by_age", "logs", "micros")

    def __init__(self) -> None:
        self.micros: list[int] = []
        self.logs: list[float] = []
        self._by_age: list[int] = []

    def add(self, micro: int) -> None:
        """Take an amount in, and the oldest out."""
        if len(self._by_age) == AMOUNTS:
            at = bisect_left(self.micros, self._by_age.pop(0))
            del self.micros[at], self.logs[at]
        at = bisect_left(self.micros, micro)
        self.micros.insert(at, micro)
        self.logs.insert(at, log2(micro + 1))
        self._by_age.append(micro)

    def __len__(self) -> int:
        return len(self.micros)


class Rhythm:
    """When a wallet pays: counts by UTC hour and weekday, and the largest bursts that are normal for it.

    A burst counts as a habit once a whole calendar day lies behind it, so that no attack becomes its own baseline; a
    habit fades by a sixteenth with every active day that does not reach it.
    """

    __slots__ = ("_day", "_days", "_hours_peak", "habit_day", "habit_hour", "hours", "weekdays")

    def __init__(self) -> None:
        self.hours = [0] * 24
        self.weekdays = [0] * 7
        self.habit_hour = 0
        self.habit_day = 0
        self._day = -1
        self._days = [0, 0]  # payments: today, the last active day before
        self._hours_peak = [0, 0]  # largest count within one hour: today, the last active day before

    def add(self, time: int, within_hour: int) -> None:
        """Take a payment in; `within_hour` counts the payments of the hour that ends with it, itself included."""
        hour, day = time // HOUR % 24, time // DAY
        self.hours[hour] += 1
        self.weekdays[(day + 3) % 7] += 1
        if self.hours[hour] >= 1 << 12:
            self.hours = [(count + 1) // 2 for count in self.hours]
            self.weekdays = [(count + 1) // 2 for count in self.weekdays]
        if day != self._day:
            self.habit_hour = max(self._hours_peak[1], self.habit_hour - (self.habit_hour >> 4))
            self.habit_day = max(self._days[1], self.habit_day - (self.habit_day >> 4))
            if day > self._day + 1:  # a silent day in between: the last active day is already far enough behind
                self.habit_hour = max(self._hours_peak[0], self.habit_hour)
                self.habit_day = max(self._days[0], self.habit_day)
            self._days = [0, self._days[0]]
            self._hours_peak = [0, self._hours_peak[0]]
            self._day = day
        self._days[0] += 1
        self._hours_peak[0] = max(self._hours_peak[0], within_hour)

    def habits(self, time: int) -> tuple[int, int]:
        """Largest habitual count within an hour and within a day, as of `time`, without changing anything."""
        day, hour_peak, day_peak = time // DAY, self.habit_hour, self.habit_day
        if day > self._day:
            hour_peak, day_peak = max(hour_peak, self._hours_peak[1]), max(day_peak, self._days[1])
        if day > self._day + 1:
            hour_peak, day_peak = max(hour_peak, self._hours_peak[0]), max(day_peak, self._days[0])
        return hour_peak, day_peak


class WalletState:
    """One wallet, as of the last payment that it took part in."""

    __slots__ = (
        "amounts",
        "community",
        "first_out",
        "first_seen",
        "funded",
        "funded_at",
        "funded_micro",
        "funder",
        "incoming",
        "laps",
        "last_in",
        "last_out",
        "outgoing",
        "paid",
        "partners_seen",
        "payers",
        "peak_risk",
        "received",
        "received_count",
        "received_volume",
        "resembling",
        "rhythm",
        "risk",
        "sent",
        "sent_count",
        "sent_volume",
    )

    def __init__(self, time: int) -> None:
        self.first_seen = time
        self.first_out = self.last_out = self.last_in = -1
        self.outgoing, self.incoming = Trail(), Trail()
        self.sent: list[Move] = []
        self.received: list[Move] = []
        self.paid: OrderedDict[str, Pair] = OrderedDict()
        self.payers: OrderedDict[str, Pair] = OrderedDict()
        self.resembling: dict[str, list[str]] = {}
        self.amounts = AmountProfile()
        self.rhythm = Rhythm()
        self.sent_count = self.received_count = 0
        self.sent_volume = self.received_volume = 0
        self.partners_seen = 0
        self.funder, self.funded_at, self.funded_micro = "", -1, 0
        self.funded: list[tuple[int, str, int]] = []
        self.laps: list[tuple[int, str]] = []
        self.community = -1
        self.risk = self.peak_risk = 0

    @property
    def count(self) -> int:
        """Payments sent and received."""
        return self.sent_count + self.received_count


def remember(items: list[T], item: T, limit: int) -> None:
    """Append and drop the oldest beyond `limit`: a list of this size costs a fifth of an empty deque."""
    items.append(item)
    if len(items) > limit:
        del items[0]
