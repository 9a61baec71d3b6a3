"""Small economies for tests."""

import hashlib
from collections.abc import Iterable

from oracle.scoring import Alert, Assessment, Explanation, Payment, RiskEngine, RiskModel, ScreeningLists

TOKEN = "0x" + "70" * 20
START = 1_750_000_000 - 1_750_000_000 % 86_400
"""Midnight UTC."""
HOUR, DAY = 3_600, 86_400


def address(name: object) -> str:
    return "0x" + hashlib.sha256(f"test:{name}".encode()).hexdigest()[:40]


class Economy:
    """An engine and a clock; `pay` takes names for addresses and whole tokens for amounts."""

    def __init__(self, model: RiskModel, lists: ScreeningLists | None = None) -> None:
        self.engine = RiskEngine(model, lists or ScreeningLists())
        self.now = START
        self.count = 0

    def payment(
        self, sender: str, recipient: str, amount: float, *, block: int = 0, tx: str = "", token: str = TOKEN
    ) -> Payment:
        self.count += 1
        return Payment(
            payment_id=f"0x{self.count:064x}",
            sender=sender if sender.startswith("0x") else address(sender),
            recipient=recipient if recipient.startswith("0x") else address(recipient),
            token=token,
            amount=round(amount * 10**6),
            decimals=6,
            timestamp=self.now,
            block=block,
            tx=tx,
        )

    def pay(
        self, sender: str, recipient: str, amount: float, *, after: int = 0, block: int = 0, tx: str = ""
    ) -> Assessment:
        self.now += after
        return self.engine.assess_and_observe(self.payment(sender, recipient, amount, block=block, tx=tx))

    def habit(self, sender: str, amounts: Iterable[float], *, every: int = 13 * HOUR, shops: int = 3) -> None:
        """Ordinary payments to a few shops."""
        for number, amount in enumerate(amounts):
            self.pay(sender, f"{sender}'s shop {number % shops}", amount, after=every)


def findings(assessment: Assessment, analyzer: str) -> list[Explanation]:
    return [one for one in assessment.explanations if one.analyzer == analyzer]


def raised(assessment: Assessment, alert: Alert) -> bool:
    return alert in assessment.alerts
