"""Shapes that a payment closes together with earlier ones of the same wallets."""

from dataclasses import dataclass
from math import fsum
from typing import TypeVar

from oracle.scoring.config import DAY, WEEK
from oracle.scoring.features.context import Context
from oracle.scoring.numbers import log2
from oracle.scoring.state.ledger import matching_inflow
from oracle.scoring.state.wallet import RECENT

T = TypeVar("T")
_WEIGHTED_LOGS = [0.0] + [count * log2(count) for count in range(1, 2 * RECENT + 2)]


@dataclass(frozen=True, slots=True)
class Fan:
    """Who paid a wallet and whom it paid within 7 days, as far as payments are remembered one by one."""

    payers: int
    payees: int
    payer_entropy: float
    """Entropy of the payers over its maximum; 0 for one payer, 1 when all differ."""
    payee_entropy: float
    equal_received: float
    """Share of the most frequent amount among the payments received."""
    equal_sent: float
    new_payees: float
    """Share of the payees who were paid once only."""


@dataclass(frozen=True, slots=True)
class PatternSignals:
    """Sums in millionths of a token, times in seconds."""

    payees_day: int
    """Distinct recipients within 24 h, this one included, among the remembered payments."""
    payers_day: int
    sender_fan: Fan
    recipient_fan: Fan
    hops: int
    """How often this sum was passed on before, each time within 24 h; 0 when it does not match an inflow."""
    origin: str
    inflow_id: str
    inflow_micro: int
    inflow_age: int
    """Seconds since the inflow that this payment passes on; -1 without."""
    closes_cycle: bool
    """The sum goes back to where it came from."""
    laps_week: int
    """Round trips that closed at the sender within 7 days, this one included."""
    lap_share: float
    """Round trips over the payments that the sender made and received in these days."""
    lap_ids: tuple[str, ...]
    pass_through: float
    """Sent over received within the pass-through window, this payment included; 0 when nothing came in."""
    pass_payees: int
    """Distinct recipients within that window, this one included."""
    pass_payers: int
    pass_concentration: float
    """Share of the payments received within 7 days that came within the pass-through window."""
    pass_micro: int
    pass_ids: tuple[str, ...]
    funding_age: int
    """Seconds since the last payment received; -1 without."""


def measure_pattern(context: Context) -> PatternSignals:
    """One pass over the remembered payments of the sender."""
    sender, time, micro, recipient = context.sender, context.time, context.micro, context.payment.recipient
    config, other = context.config, context.recipient
    sent_week = [move for move in sender.sent if move.time > time - WEEK]
    received_week = [move for move in sender.received if move.time > time - WEEK]
    others_in = [move for move in other.received if move.time > time - WEEK]
    others_out = [move for move in other.sent if move.time > time - WEEK]
    day = time - DAY
    inflow = matching_inflow(sender, context.payment.token, micro, time, config)
    closes = inflow is not None and inflow.origin == recipient
    laps = [name for at, name in sender.laps if at > time - WEEK]
    start = time - config.pass_through_gap
    passed_in = [move for move in received_week if move.time > start]
    passed_out = [move for move in sent_week if move.time > start]
    inflow_sum = sum(move.micro for move in passed_in)
    ratio = (sum(move.micro for move in passed_out) + micro) / inflow_sum if inflow_sum else 0.0
    return PatternSignals(
        payees_day=len({move.recipient for move in sent_week if move.time > day} | {recipient}),
        payers_day=len({move.sender for move in received_week if move.time > day}),
        sender_fan=_fan(
            [move.sender for move in received_week],
            [move.micro for move in received_week],
            [*[move.recipient for move in sent_week], recipient],
            [*[move.micro for move in sent_week], micro],
        ),
        recipient_fan=_fan(
            [*[move.sender for move in others_in], context.payment.sender],
            [*[move.micro for move in others_in], micro],
            [move.recipient for move in others_out],
            [move.micro for move in others_out],
        ),
        hops=inflow.hops + 1 if inflow is not None and not closes else 0,
        origin=inflow.origin if inflow is not None else "",
        inflow_id=inflow.payment_id if inflow is not None else "",
        inflow_micro=inflow.micro if inflow is not None else 0,
        inflow_age=time - inflow.time if inflow is not None else -1,
        closes_cycle=closes,
        laps_week=len(laps) + closes,
        lap_share=(len(laps) + closes) / (len(sent_week) + len(received_week) + 1),
        lap_ids=tuple(laps[-8:]),
        pass_through=ratio,
        pass_payees=len({move.recipient for move in passed_out} | {recipient}),
        pass_payers=len({move.sender for move in passed_in}),
        pass_concentration=len(passed_in) / len(received_week) if received_week else 0.0,
        pass_micro=inflow_sum,
        pass_ids=tuple(move.payment_id for move in passed_in[-8:]),
        funding_age=time - sender.last_in if sender.last_in >= 0 else -1,
    )


def _fan(payers: list[str], sums_in: list[int], payees: list[str], sums_out: list[int]) -> Fan:
    by_payer, by_payee = _counts(payers), _counts(payees)
    return Fan(
        payers=len(by_payer),
        payees=len(by_payee),
        payer_entropy=_evenness(by_payer, len(payers)),
        payee_entropy=_evenness(by_payee, len(payees)),
        equal_received=max(_counts(sums_in).values()) / len(sums_in) if sums_in else 0.0,
        equal_sent=max(_counts(sums_out).values()) / len(sums_out) if sums_out else 0.0,
        new_payees=list(by_payee.values()).count(1) / len(by_payee) if by_payee else 0.0,
    )


def _counts(values: list[T]) -> dict[T, int]:
    # for the few payments of a week a third of what a Counter takes
    counts: dict[T, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def _evenness(counts: dict[str, int], total: int) -> float:
    """Shannon entropy over the logarithm of the number of payments: H = log n − Σ c·log c / n."""
    if total < 2:
        return 0.0
    whole = log2(total)
    return (whole - fsum([_WEIGHTED_LOGS[count] for count in counts.values()]) / total) / whole
