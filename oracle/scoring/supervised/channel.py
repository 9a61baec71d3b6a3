"""The supervised model beside the stream that feeds it: what it says of a payment, seen from both of its parties."""

from dataclasses import dataclass
from math import fsum

import numpy as np

from oracle.scoring.ensemble.channel import Opinion
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import FEATURES, Side, Stream, Transfer
from oracle.scoring.supervised.local_rank import LocalRank
from oracle.scoring.supervised.model import SupervisedModel
from oracle.scoring.supervised.wording import spoken
from oracle.scoring.types import Explanation, Payment

NAME = "supervised"
_SHOWN = 8
"""Contributions in the evidence document."""
_SAID = 3
"""Of them, as sentences."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the model says of the party that looks worse.

    `score` 0–100 by how rare it is among the training data's ordinary payments, `rank` the same among this deployment's
    own last payments (`LocalRank`, 0 to 1), `probability` of fraud at the training data's share of fraud, `vector` (F,)
    what the model read.
    """

    side: Side
    party: str
    score: int
    rank: float
    probability: float
    vector: Floats

    @property
    def opinion(self) -> Opinion:
        """As one of the channels."""
        return Opinion(NAME, self.rank, {})


class SupervisedChannel:
    """A model and its own stream state. Not thread-safe; its state is a function of the payments observed in order."""

    def __init__(self, model: SupervisedModel) -> None:
        self._model = model
        self._stream = Stream()
        self._rank = LocalRank()
        self._last: tuple[Payment, Advice] | None = None

    def advise(self, payment: Payment, transfer: Transfer) -> Advice:
        """What the model says of a payment as of now, kept at hand for `observe`. `transfer`: the same payment for the
        stream."""
        advice = self.look(payment, transfer)
        self._last = (payment, advice)
        return advice

    def look(self, payment: Payment, transfer: Transfer) -> Advice:
        """`advise` of a payment that will not be observed next, such as one with another amount."""
        vectors = self._stream.features(transfer)
        of_sender, of_recipient = self._model.trees.raw_batch(vectors).tolist()
        side: Side = "sender" if of_sender >= of_recipient else "recipient"
        worse = max(of_sender, of_recipient)
        score = self._model.rank(worse)
        return Advice(
            side=side,
            party=payment.sender if side == "sender" else payment.recipient,
            score=score,
            rank=self._rank(score),
            probability=self._model.probability(worse),
            vector=vectors[0 if side == "sender" else 1],
        )

    def observe(self, payment: Payment, transfer: Transfer) -> None:
        """Remember a payment that was made. `transfer`: as for `advise`."""
        # what was just said of it still holds, nothing has been observed since
        said = self._last[1] if self._last is not None and self._last[0] == payment else self.look(payment, transfer)
        self._last = None
        self._rank.add(said.score)
        self._stream.observe(transfer)

    def explain(self, advice: Advice) -> tuple[list[Explanation], dict[str, object]]:
        """Sentences on what raised the score most, and the evidence, in log-odds: what the trees say, and the parts
        that it is the sum of: a base, the largest contributions (exact Shapley values), and all others together."""
        shap = self._model.shap
        shares = shap.contributions(advice.vector)
        order = np.argsort(-np.abs(shares), kind="stable")[:_SHOWN].tolist()
        raising = [one for one in order if shares[one] > 0 and advice.vector[one] == advice.vector[one]]
        listed = [
            {
                "feature": FEATURES[one].name,
                "value": f"{float(advice.vector[one]):.6f}",
                "log_odds": f"{float(shares[one]):.6f}",
            }
            for one in order
        ]
        said = "; ".join(spoken(FEATURES[one], float(advice.vector[one])) for one in raising[:_SAID])
        sentence = (
            f"The model that learned from reported wallets ranks the {advice.side} {advice.party} above"
            f" {100.0 * advice.rank:.2f}% of the last payments here" + (f": {said}." if said else ".")
        )
        evidence: dict[str, object] = {
            "side": advice.side,
            "score": advice.score,
            "rank": f"{advice.rank:.6f}",
            "probability": f"{advice.probability:.6f}",
            "log_odds": f"{shap.expected + fsum(shares.tolist()):.6f}",
            "base": f"{shap.expected:.6f}",
            "contributions": listed,
            "other_contributions": f"{fsum(np.delete(shares, order).tolist()):.6f}",
        }
        return [Explanation("supervised", advice.score, sentence)], evidence
