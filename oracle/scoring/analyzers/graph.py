"""Graph: who are these two, seen from their neighbours?"""

from oracle.scoring.analyzers.wording import plural, tokens
from oracle.scoring.config import ScoringConfig
from oracle.scoring.features.amount import AmountSignals
from oracle.scoring.features.graph import GraphSignals, LookAlike
from oracle.scoring.numbers import interpolate
from oracle.scoring.types import Alert, Explanation

SYBIL_SCORES = ((3.0, 0.0), (4.0, 40.0), (5.0, 65.0), (8.0, 75.0), (15.0, 80.0))
"""Fresh wallets of one funder that pay the same recipient, this one included → score."""
SEEDING_SCORES = ((5.0, 20.0), (10.0, 40.0))
"""Equal sums to fresh wallets within the window → score: payroll and airdrops do the same, so that it stays below an
alert."""
POISONED_SCORE, NEARLY_POISONED_SCORE, BAIT_SCORE = 95, 85, 75
DOUBTFUL_SCORE = 75
"""One of two look-alikes imitates the other, and it cannot be told which: a person decides."""
MISTYPED_SCORE = 85
"""A slip of the pen is a deviation, no known fraud: `combine` lets it hold a payment and never block it."""
_STRANGERS = 12


def judge_graph(graph: GraphSignals, amount: AmountSignals, config: ScoringConfig) -> list[Explanation]:
    """Look-alike addresses, clusters of one funder, and strangers. Exposure to listed addresses is judged in
    `screening`."""
    found = _poisoning(graph, amount)
    if graph.cohort >= config.sybil_cohort:
        score = round(interpolate(SYBIL_SCORES, graph.cohort_alike))
        if score:
            found.append(
                Explanation(
                    "graph",
                    score,
                    f"{plural(graph.cohort, 'fresh wallet')} got equal sums from {graph.funder}, and"
                    f" {graph.cohort_alike} of them pay this recipient: they act as one.",
                    graph.cohort_ids,
                    Alert.SYBIL_ATTACK if score >= 61 else Alert(0),
                )
            )
    if graph.funding_alike >= 4:
        found.append(
            Explanation(
                "graph",
                round(interpolate(SEEDING_SCORES, graph.funding_alike + 1)),
                f"The {graph.funding_alike + 1}. fresh wallet that gets about {tokens(amount.micro)} from this"
                f" sender within"
                f" {config.sybil_window // 86_400} days.",
            )
        )
    strangers = graph.pair_count + graph.reverse_count == 0 and graph.nearness == 0.0 and not graph.same_community
    if strangers and graph.sender_partners >= _STRANGERS and graph.recipient_partners > 0:
        found.append(
            Explanation(
                "graph",
                10,
                f"No short path of payments leads from the sender ({plural(graph.sender_partners, 'counterpart')}) to"
                f" the recipient, and they belong to different communities.",
            )
        )
    return found


def _poisoning(graph: GraphSignals, amount: AmountSignals) -> list[Explanation]:
    if graph.imitated is not None:
        return [_imitation(graph.imitated)]
    if graph.baited is not None and not graph.baited.mistyped:
        alerts = Alert.ADDRESS_POISONING | (Alert.DUST_ATTACK if amount.dust else Alert(0))
        return [
            Explanation(
                "graph",
                BAIT_SCORE,
                f"The sender looks like {graph.baited.address}, with which the recipient deals: the payment plants a"
                f" look-alike in the recipient's history.",
                (graph.baited.payment_id,),
                alerts,
            )
        ]
    return []


def _imitation(meant: LookAlike) -> Explanation:
    ids = (meant.payment_id, meant.bait_id) if meant.bait_id else (meant.payment_id,)
    if meant.mistyped:
        return Explanation(
            "graph",
            MISTYPED_SCORE,
            f"The recipient differs in {plural(meant.different, 'digit')} from {meant.address}, with which the sender"
            f" dealt before: nobody can compute an address so alike, so that one of the two was mistyped.",
            ids,
        )
    alike = f"The recipient shares its first {meant.leading} and last {meant.trailing} digits with {meant.address}"
    if not meant.certain:
        return Explanation(
            "graph",
            DOUBTFUL_SCORE,
            f"{alike}, with which the sender dealt before: one of the two imitates the other, and the payments do not"
            f" tell which of them was meant.",
            ids,
            Alert.ADDRESS_POISONING,
        )
    planted = " So far the two exchanged nothing but dust." if meant.bait_id else ""
    leading, trailing = meant.strength
    return Explanation(
        "graph",
        POISONED_SCORE if leading >= 3 and trailing >= 4 else NEARLY_POISONED_SCORE,
        f"{alike}, with which the sender dealt before: that address was probably meant.{planted}",
        ids,
        Alert.ADDRESS_POISONING,
    )
