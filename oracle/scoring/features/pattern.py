"""Shapes that a payment closes together with earlier ones of the same wallets."""

from collections import Counter
from dataclasses import dataclass
from math import fsum

from oracle.scoring.config import DAY, WEEK
from oracle.scoring.features.context import Context
from oracle.scoring.numbers import log2
from oracle.scoring.state.ledger import matching_inflow
from oracle.scoring.state.wallet import RECENT

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
            [(m.sender, m.micro) for m in received_week],
            [*((m.recipient, m.micro) for m in sent_week), (recipient, micro)],
        ),
        recipient_fan=_fan(
            [*((m.sender, m.micro) for m in other.received if m.time > time - WEEK), (context.payment.sender, micro)],
            [(m.recipient, m.micro) for m in other.sent if m.time > time - WEEK],
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


def _fan(received: list[tuple[str, int]], sent: list[tuple[str, int]]) -> Fan:
    payers, payees = Counter([who for who, _ in received]), Counter([who for who, _ in sent])
    amounts_in, amounts_out = Counter([micro for _, micro in received]), Counter([micro for _, micro in sent])
    return Fan(
        payers=len(payers),
        payees=len(payees),
        payer_entropy=_evenness(payers, len(received)),
        payee_entropy=_evenness(payees, len(sent)),
        equal_received=max(amounts_in.values()) / len(received) if received else 0.0,
        equal_sent=max(amounts_out.values()) / len(sent) if sent else 0.0,
        new_payees=sum(1 for count in payees.values() if count == 1) / len(payees) if payees else 0.0,
    )


def _evenness(counts: "Counter[str]", total: int) -> float:
    """Shannon entropy over the logarithm of the number of payments: H = log n − Σ c·log c / n."""
    if total < 2:
        return 0.0
    whole = log2(total)
    return (whole - fsum(_WEIGHTED_LOGS[count] for count in counts.values()) / total) / whole
