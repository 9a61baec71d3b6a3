"""Screening: direct and indirect dealings with listed addresses.

Lists never enter the feature vector: a model that saw them would learn the lists instead of behaviour.
"""

from dataclasses import dataclass

from oracle.scoring.analyzers.wording import plural
from oracle.scoring.features import Context
from oracle.scoring.lists import HUBS, ListEntry, ListKind, ScreeningLists
from oracle.scoring.numbers import interpolate
from oracle.scoring.state import Pair, WalletState
from oracle.scoring.types import NO_ALERT, Alert, Explanation

EXPOSURE_SCORES = ((0.0, 20.0), (0.1, 45.0), (0.5, 75.0), (1.0, 85.0))
"""Share of the sender's money that came straight from listed wallets → score."""
SENT_FACTOR = 0.5
"""Money that went to a listed wallet does not taint what is left."""
RECIPIENT_FACTOR = 0.7
"""The recipient's past is less the sender's doing than the own money is."""
_DIRECT = {
    ListKind.SANCTIONED: (100, Alert.SANCTIONED_INTERACTION),
    ListKind.BLACKLISTED: (100, Alert.SANCTIONED_INTERACTION),
    ListKind.SCAM: (85, Alert.PATTERN_ANOMALY),
    ListKind.MIXER: (75, Alert.MIXING_DETECTED),
}
_BAD = tuple(_DIRECT)
_SHOWN = 4
"""Listed wallets one hop away that a finding names, the latest ones."""


@dataclass(frozen=True, slots=True)
class Screening:
    """What the lists say about a payment."""

    findings: tuple[Explanation, ...]
    whitelisted: bool
    hub: bool
    """Either side is an exchange or service, whose payments form patterns in the ordinary course of business."""


def listed_as(address: str, token: str, lists: ScreeningLists) -> frozenset[ListKind]:
    """What an address counts as in a payment of `token`.

    What only a blocklist names while it is known as a token contract, an exchange or a service matches nothing, since
    issuers' lists hold such entries by mistake. A sanction always counts (OFAC named the contract of a mixer's token),
    but for the contract of the very token that is paid.
    """
    kinds = lists.kinds(address)
    if address == token:
        return frozenset()
    if ListKind.TOKEN in kinds:
        return kinds & {ListKind.SANCTIONED}
    if kinds & HUBS:
        return kinds - {ListKind.BLACKLISTED, ListKind.SCAM, ListKind.MIXER}
    return kinds


def screen(context: Context, lists: ScreeningLists) -> Screening:
    """Both parties, and the wallets one hop behind them."""
    payment = context.payment
    findings: list[Explanation] = []
    if not len(lists):
        return Screening((), False, False)
    sides = (("sender", payment.sender), ("recipient", payment.recipient))
    kinds = {side: listed_as(address, payment.token, lists) for side, address in sides}
    for side, address in sides:
        for kind in _BAD:
            if kind in kinds[side]:
                score, alert = _DIRECT[kind]
                entry = lists.entry(address, kind)
                source = f" by {entry.source}" if entry and entry.source else ""
                note = f" ({entry.note})" if entry and entry.note else ""
                sentence = f"The {side} {address} is listed as {kind.value}{source}{note}."
                findings.append(Explanation("graph", score, sentence, (), alert, () if entry is None else (entry,)))
    hub = bool((kinds["sender"] | kinds["recipient"]) & HUBS)
    for side, wallet in (("sender", context.sender), ("recipient", context.recipient)):
        if not kinds[side] & HUBS:
            findings += _exposure(side, wallet, payment.token, lists)
    return Screening(tuple(findings), ListKind.WHITELISTED in kinds["sender"], hub)


def _exposure(side: str, wallet: WalletState, token: str, lists: ScreeningLists) -> list[Explanation]:
    found = []
    for word, pairs, volume in (
        ("received from", wallet.payers, wallet.received_volume),
        ("sent to", wallet.paid, wallet.sent_volume),
    ):
        tainted = _listed_pairs(pairs, token, lists)
        if not tainted or not volume:
            continue
        share = sum(pair.volume for _, pair in tainted) / volume
        score = interpolate(EXPOSURE_SCORES, share)
        if pairs is wallet.paid:
            score *= SENT_FACTOR
        if side == "recipient":
            score *= RECIPIENT_FACTOR
        latest = tainted[-_SHOWN:]
        entries = tuple(entry for other, _ in latest for entry in _bad_entries(other, token, lists))
        found.append(
            Explanation(
                "graph",
                round(score),
                f"One hop away: {share:.1%} of what the {side} has {word} others was {word}"
                f" {plural(len(tainted), 'listed wallet')},"
                f" such as {tainted[-1][0]} ({entries[-1].kind.value}).",
                tuple(pair.last_id for _, pair in latest),
                NO_ALERT,
                entries,
            )
        )
    return found


def _bad_entries(address: str, token: str, lists: ScreeningLists) -> list[ListEntry]:
    kinds = listed_as(address, token, lists)
    found = (lists.entry(address, kind) for kind in _BAD if kind in kinds)
    return [entry for entry in found if entry is not None]


def _listed_pairs(pairs: "dict[str, Pair]", token: str, lists: ScreeningLists) -> list[tuple[str, Pair]]:
    if not lists.names_any(pairs.keys()):
        return []
    return [
        (other, pair)
        for other, pair in pairs.items()
        if other in lists and not listed_as(other, token, lists).isdisjoint(_BAD)
    ]
