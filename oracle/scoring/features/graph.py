"""Where the two wallets stand in the payment graph."""

from dataclasses import dataclass

from oracle.scoring.config import DAY, MONTH, WEEK
from oracle.scoring.features.context import Context
from oracle.scoring.features.walk import nearness
from oracle.scoring.state import WalletState
from oracle.scoring.state.resemblance import (
    SLIPS,
    different_digits,
    is_imitation,
    resemblance,
    resemblance_key,
    shared_digits,
)

_NEVER = 1 << 62
_ALIKE = 50
"""Two sums are alike when they differ by at most this many thousandths."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A counterparty of one side that the other side of the payment resembles."""

    address: str
    leading: int
    """Digits shared at the front and at the back, as a person counts them."""
    trailing: int
    strength: tuple[int, int]
    """The same with runs of zeros counted once: the evidence."""
    different: int
    """Of the 40 digits."""
    certain: bool
    """It is clear which of the two imitates the other."""
    payment_id: str
    """Latest dealing with the counterparty that is resembled."""
    bait_id: str
    """Latest dealing with the one that resembles it, where all of them were dust; "" otherwise."""

    @property
    def mistyped(self) -> bool:
        """So alike that nobody can have computed it."""
        return self.different <= SLIPS


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
    imitated: LookAlike | None
    """Counterparty of the sender that the recipient looks like."""
    baited: LookAlike | None
    """Counterparty of the recipient that the sender looks like."""


def measure_graph(context: Context, near: float | None = None) -> GraphSignals:
    """Degrees, nearness, community, cohort of the funder, and look-alike addresses. `near`: the nearness, where it was
    measured before."""
    payment, sender, recipient, ledger = context.payment, context.sender, context.recipient, context.ledger
    known = sender.count > 0 and recipient.count > 0
    cohort, alike, ids = _cohort(context)
    if near is None:
        near = nearness(ledger, payment.sender, payment.recipient) if known else 0.0
    return GraphSignals(
        nearness=near,
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
        imitated=_look_alike(context, sender, payment.recipient),
        baited=_look_alike(context, recipient, payment.sender),
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


def _look_alike(context: Context, wallet: WalletState, target: str) -> LookAlike | None:
    """The counterparty of `wallet` that `target` resembles most, unless `target` is the genuine one of the two.

    Genuine is whom the wallet dealt with first and paid first, dust not counted: `resembling` keeps the order of the
    dealings and knows nobody who only ever moved dust or zero. An imitator can be the first to deal, for the price of a
    real payment to the wallet, or the first to be paid, by deceiving it once: where the two orders differ it cannot be
    told who is genuine. A mistyped address is pointed out at first only.
    """
    alike = wallet.resembling.get(resemblance_key(target), [])
    known = target in alike
    place = alike.index(target) if known else len(alike)
    partners = len(wallet.paid) + len(wallet.payers)
    bait = "" if known else _latest_id(wallet, target)
    best: LookAlike | None = None
    for position, other in enumerate(alike):
        if other == target:
            continue
        strength, different = resemblance(target, other), different_digits(target, other)
        if not (not known if different <= SLIPS else is_imitation(*strength, partners)):
            continue
        judged, certain = _who_came_first(context, wallet, target, other, position < place)
        if judged and (best is None or sum(strength) > sum(best.strength)):
            certain |= position < place and bool(bait)
            latest = _latest_id(wallet, other)
            best = LookAlike(other, *shared_digits(target, other), strength, different, certain, latest, bait)
    return best


def _who_came_first(
    context: Context, wallet: WalletState, target: str, other: str, dealt_before: bool
) -> tuple[bool, bool]:
    """Whether `other` may be the genuine one of the two, and whether it certainly is."""
    other_paid, target_paid = _paid_since(context, wallet, other), _paid_since(context, wallet, target)
    if other_paid == target_paid:
        return dealt_before, dealt_before and (other_paid != _NEVER or _owed(wallet, other) >= context.micro)
    paid_before = other_paid < target_paid
    if paid_before and not dealt_before and _owed(wallet, target) >= context.micro:
        return False, False
    return dealt_before or paid_before, dealt_before and paid_before


def _paid_since(context: Context, wallet: WalletState, other: str) -> int:
    """When `wallet` first paid `other`; `_NEVER` if it paid no more than dust."""
    pair = wallet.paid.get(other)
    return pair.first if pair is not None and pair.volume > context.config.dust_limit else _NEVER


def _owed(wallet: WalletState, other: str) -> int:
    """What `other` paid the wallet more than it got back: up to this sum nobody gains by imitating."""
    paid, payer = wallet.paid.get(other), wallet.payers.get(other)
    return (payer.volume if payer else 0) - (paid.volume if paid else 0)


def _latest_id(wallet: WalletState, other: str) -> str:
    pairs = [pair for pair in (wallet.paid.get(other), wallet.payers.get(other)) if pair is not None]
    return max(pairs, key=lambda pair: pair.last).last_id if pairs else ""
