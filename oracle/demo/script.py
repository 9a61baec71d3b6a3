"""What happens in the demo, in order: payments with their truth, from the simulator or from real transfers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.chain.contracts import PaymentTerms
from oracle.scoring.simulator import LabelledPayment, Parameters, simulate
from oracle.scoring.simulator.listed import sanctioned_addresses

ORDINARY, PREPARATION = "ordinary life", "preparation"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Act:
    """One payment of the script. `truth`: its group in the report; `fraud`: whether it should be stopped."""

    time: int
    sender: str
    recipient: str
    amount: int
    reference: str
    truth: str
    fraud: bool
    instant: bool = False

    def terms(self, token: str) -> PaymentTerms:
        """As the contract takes them."""
        return PaymentTerms(self.sender, self.recipient, token, self.amount, self.reference)


@dataclass(frozen=True, slots=True)
class Script:
    """All acts in order of time; `blacklist` is told to the node before."""

    acts: tuple[Act, ...]
    blacklist: tuple[str, ...]

    @property
    def start(self) -> int:
        """Time of the first act."""
        return self.acts[0].time

    def outflow(self) -> dict[str, int]:
        """What each sender pays in all, base units."""
        sums: dict[str, int] = {}
        for act in self.acts:
            sums[act.sender] = sums.get(act.sender, 0) + act.amount
        return sums


def simulated_script(seed: int, payments: int, *, until: int, instant_every: int = 12) -> Script:
    """`payments` simulated payments that end before `until` (unix seconds), one fraud of every kind among them.

    Every `instant_every`-th ordinary payment is made without escrow.
    """
    parameters = Parameters(start=until - 60 * DAY)
    acts = []
    ordinary = 0
    for index, simulated in enumerate(simulate(seed, payments, episodes=1, parameters=parameters)):
        ordinary += simulated.ordinary
        acts.append(_act(index, simulated, instant=simulated.ordinary and ordinary % instant_every == 0))
    return Script(tuple(acts), sanctioned_addresses(seed))


def _act(index: int, simulated: LabelledPayment, *, instant: bool) -> Act:
    payment = simulated.payment
    truth = ORDINARY if simulated.ordinary else (simulated.label.name or PREPARATION)
    return Act(
        time=payment.timestamp,
        sender=payment.sender,
        recipient=payment.recipient,
        amount=payment.amount,
        reference=reference("demo", index),
        truth=truth,
        fraud=bool(simulated.label),
        instant=instant,
    )


def reference(*parts: object) -> str:
    """A payment reference that is the same in every run."""
    return "0x" + hashlib.sha256(":".join(str(part) for part in parts).encode()).hexdigest()[:32]


def in_blocks(acts: Sequence[Act]) -> list[list[Act]]:
    """Acts of the same second share a block."""
    blocks: list[list[Act]] = []
    for act in acts:
        if blocks and blocks[-1][0].time == act.time:
            blocks[-1].append(act)
        else:
            blocks.append([act])
    return blocks
