"""Where the two wallets stand in the payment graph."""

from dataclasses import dataclass

from oracle.scoring.config import DAY, MONTH, WEEK
from oracle.scoring.features.context import Context
from oracle.scoring.features.walk import nearness
from oracle.scoring.state import Pair, WalletState
from oracle.scoring.state.resemblance import resemblance, resemblance_key

_ALIKE = 50
"""Two sums are alike when they differ by at most this many thousandths."""


@dataclass(frozen=True, slots=True)
class GraphSignals:
    """Counts are of wallets; times in seconds."""

    nearness: float
    """Probability that a random walk from the sender stops at the recipient."""
    same_community: bool
    sender_partners: int
    recipient_partners: int
    recipient_payers_week: int
    pair_count: int
    reverse_count: int
    pair_day: int
    """Payments of this pair within 24 h, this one not included."""
    pair_month: int
    funder: str
    cohort: int
    """Fresh wallets that the sender's funder gave alike sums, the sender included."""
    cohort_alike: int
    """How many of them paid this recipient too, this payment included."""
    cohort_ids: tuple[str, ...]
    funding_alike: int
    """Fresh wallets that the sender itself gave sums like this one within the Sybil window, if the recipient is
    fresh."""
    imitated: str
    """Earlier counterparty of the sender that the recipient looks like; "" for none."""
    imitated_leading: int
    imitated_trailing: int
    imitated_id: str
    baited: str
    """Earlier counterparty of the recipient that the sender looks like; "" for none."""


def measure_graph(context: Context) -> GraphSignals:
    """Degrees, nearness, community, cohort of the funder, and look-alike addresses."""
    payment, sender, recipient, ledger = context.payment, context.sender, context.recipient, context.ledger
    known = sender.count > 0 and recipient.count > 0
    cohort, alike, ids = _cohort(context)
    imitated = _imitated(context)
    return GraphSignals(
        nearness=nearness(ledger, payment.sender, payment.recipient) if known else 0.0,
        same_community=known and sender.community == recipient.community,
        sender_partners=sender.partners_seen,
        recipient_partners=recipient.partners_seen,
        recipient_payers_week=len({m.sender for m in recipient.received if m.time > context.time - WEEK}),
        pair_count=context.pair.count if context.pair else 0,
        reverse_count=context.reverse.count if context.reverse else 0,
        pair_day=context.pair.trail.since(context.time - DAY)[0] if context.pair else 0,
        pair_month=context.pair.trail.since(context.time - MONTH)[0] if context.pair else 0,
        funder=sender.funder,
        cohort=cohort,
        cohort_alike=alike,
        cohort_ids=ids,
        funding_alike=_funding_alike(context),
        imitated=imitated[0],
        imitated_leading=imitated[1],
        imitated_trailing=imitated[2],
        imitated_id=imitated[3],
        baited=_baited(context),
    )


def _alike(one: int, other: int) -> bool:
    return abs(one - other) * 1_000 <= _ALIKE * max(one, other)


def _cohort(context: Context) -> tuple[int, int, tuple[str, ...]]:
    """Size of the sender's cohort, how many of it pay this recipient, and their payments to it."""
    sender, time = context.sender, context.time
    window = context.config.sybil_window
    funder = context.ledger.wallet(sender.funder) if sender.funder else None
    if funder is None or time - sender.funded_at >= window or sender.funder == context.payment.recipient:
        return 0, 0, ()
    size, ids = 0, []
    for at, child, micro in funder.funded:
        if abs(at - sender.funded_at) >= window or not _alike(micro, sender.funded_micro):
            continue
        size += 1
        pair = context.recipient.payers.get(child)
        if pair is not None and time - pair.last < window and child != context.payment.sender:
            ids.append(pair.last_id)
    return size, len(ids) + 1, tuple(ids[-8:])


def _funding_alike(context: Context) -> int:
    if context.recipient.count:
        return 0
    since = context.time - context.config.sybil_window
    return sum(1 for at, _, micro in context.sender.funded if at > since and _alike(micro, context.micro))


def _imitated(context: Context) -> tuple[str, int, int, str]:
    """The earlier counterparty that the recipient imitates, shared leading and trailing digits, and its last payment.

    The imitation is the later of the two: whoever dealt with the recipient first is not deceived by it.
    """
    target = context.payment.recipient
    sender = context.sender
    best = ("", 0, 0, "")
    for other in sender.resembling.get(resemblance_key(target), ()):
        if other == target:
            continue
        genuine = _dealings(sender, other)
        if genuine is None or _first_dealing(context) <= genuine.first:
            continue
        leading, trailing = resemblance(target, other)
        if leading + trailing > best[1] + best[2]:
            best = (other, leading, trailing, genuine.last_id)
    return best


def _baited(context: Context) -> str:
    """The counterparty of the recipient that the sender imitates (a payment that only wants to be seen in the
    history)."""
    mine = context.payment.sender
    for other in context.recipient.resembling.get(resemblance_key(mine), ()):
        if other != mine:
            genuine = _dealings(context.recipient, other)
            leading, trailing = resemblance(mine, other)
            if genuine is not None and genuine.first < _first_dealing(context) and is_imitation(leading, trailing):
                return other
    return ""


def _dealings(wallet: WalletState, other: str) -> Pair | None:
    """The earlier of the two pairs that `wallet` forms with `other`."""
    pairs = [pair for pair in (wallet.paid.get(other), wallet.payers.get(other)) if pair is not None]
    return min(pairs, key=lambda pair: pair.first, default=None)


def _first_dealing(context: Context) -> int:
    """When sender and recipient first paid each other, in either direction; now, if never."""
    return min([pair.first for pair in (context.pair, context.reverse) if pair is not None], default=context.time)


def is_imitation(leading: int, trailing: int) -> bool:
    """At least 3 leading and 4 trailing digits, or one digit fewer on either side."""
    return leading >= 2 and trailing >= 3 and leading + trailing >= 6
