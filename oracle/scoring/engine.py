"""The risk engine: the ledger, the model and the lists behind three verbs: assess, observe, look at a wallet."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from oracle.errors import InvalidPayment
from oracle.scoring.analyzers import (
    Screening,
    judge_amount,
    judge_circle,
    judge_graph,
    judge_pattern,
    judge_timing,
    judge_velocity,
    screen,
)
from oracle.scoring.combine import Verdict, adding, bounds, combine, points_of
from oracle.scoring.counterfactual import LowerAmount, lower_amount
from oracle.scoring.ensemble import Opinion
from oracle.scoring.features import SCALE, VELOCITY_FEATURES, Context, Signals, decimals, vector
from oracle.scoring.lists import ScreeningLists
from oracle.scoring.model import RiskModel
from oracle.scoring.numbers import Floats
from oracle.scoring.state import Ledger
from oracle.scoring.stream import Transfer, key_of, transfer_of
from oracle.scoring.supervised.channel import Advice, SupervisedChannel
from oracle.scoring.types import Alert, Assessment, Explanation, Payment, RiskLevel, WalletView
from oracle.scoring.typology import Closings

_KEYS = 1 << 16
"""Addresses whose keys are kept at hand."""
_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")


@dataclass(frozen=True, slots=True)
class _Judgement:
    payment: Payment
    signals: Signals
    entries: tuple[int, ...]
    velocity_rank: float
    screening: Screening
    opinions: list[Opinion]
    advice: Advice | None
    findings: list[Explanation]
    spared: bool
    verdict: Verdict


class RiskEngine:
    """Scores payments as of all payments observed before. Not thread-safe.

    The state is a function of the observed payments in their order; a score is a function of state, payment, model
    and lists, the same bits on every machine.
    """

    def __init__(self, model: RiskModel, lists: ScreeningLists) -> None:
        self._model = model
        self._lists = lists
        self._ledger = Ledger(model.config)
        self._closings = Closings()
        self._key = lru_cache(_KEYS)(key_of)
        self._supervised = None if model.supervised is None else SupervisedChannel(model.supervised)
        self._last: tuple[Payment, Transfer] | None = None

    @property
    def model(self) -> RiskModel:
        """The model in use."""
        return self._model

    @property
    def lists(self) -> ScreeningLists:
        """The lists in force."""
        return self._lists

    @property
    def wallet_count(self) -> int:
        """How many wallets are remembered."""
        return len(self._ledger)

    def use_lists(self, lists: ScreeningLists) -> None:
        """Score with these lists from now on."""
        self._lists = lists

    def assess(self, payment: Payment) -> Assessment:
        """Score a payment as of now without remembering it; a timestamp before the last payment's counts as
        simultaneous. From MEDIUM on it is also said which smaller amount would have had a lower level.

        Raises InvalidPayment.
        """
        judgement = self._judge(payment, self._taken(payment))
        assessment = self._assessment(judgement)
        if assessment.level < RiskLevel.MEDIUM or _least(judgement) >= assessment.level:
            return assessment
        lower = self._lower(judgement)
        if lower is None:
            return assessment
        level = RiskLevel.of(lower.score).name
        sentence = f"With {lower.tokens:,} tokens instead the score would have been {lower.score}, {level}."
        said = Explanation("overall", assessment.overall, sentence)
        return replace(assessment, explanations=(*assessment.explanations, said))

    def _judge(self, payment: Payment, transfer: Transfer) -> "_Judgement":
        """Everything that the score follows from. `transfer`: the same payment for the streams."""
        context = Context.of(payment, self._ledger)
        signals = Signals.of(context)
        entries = vector(signals)
        x = self._model.scaler(entries, SCALE)
        advice = None if self._supervised is None else self._supervised.advise(payment, transfer)
        opinions = self._opinions(x, advice)
        velocity_rank = self._velocity_rank(x)
        screening = screen(context, self._lists)
        spared = screening.whitelisted and not any(
            one.alerts & Alert.SANCTIONED_INTERACTION for one in screening.findings
        )
        findings = [] if spared else self._findings(signals, velocity_rank, screening, transfer)
        return _Judgement(
            payment=payment,
            signals=signals,
            entries=entries,
            velocity_rank=velocity_rank,
            screening=screening,
            opinions=opinions,
            advice=advice,
            findings=findings,
            spared=spared,
            verdict=_spared(payment) if spared else combine(findings, opinions),
        )

    def _lower(self, judged: "_Judgement") -> LowerAmount | None:
        """A smaller amount with which the judged payment would have a lower level. Models are asked only where they
        decide: they can raise by so much what the rules say."""
        level = RiskLevel.of(judged.verdict.overall)
        measured: dict[int, tuple[Signals, Transfer, list[Explanation]]] = {}

        def lowers(other: Payment) -> bool:
            signals = Signals.of(Context.of(other, self._ledger), judged.signals)
            transfer = transfer_of(other, self._ledger.clock, key=self._key)
            findings = self._findings(signals, judged.velocity_rank, judged.screening, transfer)
            measured[other.amount] = signals, transfer, findings
            least, most = bounds(findings)
            if RiskLevel.of(least) >= level:
                return False
            return RiskLevel.of(most) < level or RiskLevel.of(score(other)) < level

        def score(other: Payment) -> int:
            signals, transfer, findings = measured[other.amount]
            advice = None if self._supervised is None else self._supervised.look(other, transfer)
            return combine(findings, self._opinions(self._model.scaler(vector(signals), SCALE), advice)).overall

        return lower_amount(judged.payment, lowers, score)

    def _opinions(self, x: Floats, advice: Advice | None) -> list[Opinion]:
        """What the channels say of a scaled vector and, where there is one, the supervised model's."""
        return [*(channel.opinion(x) for channel in self._model.channels), *([advice.opinion] if advice else [])]

    def _taken(self, payment: Payment) -> Transfer:
        """The payment as the streams take it, once it is checked; kept until one is observed, because most payments are
        assessed and then observed."""
        if self._last is not None and self._last[0] is payment:
            return self._last[1]
        _check(payment)
        transfer = transfer_of(payment, self._ledger.clock, key=self._key)
        self._last = payment, transfer
        return transfer

    def _assessment(self, judgement: _Judgement) -> Assessment:
        """The judgement with its reasons."""
        opinions, advice, verdict = judgement.opinions, judgement.advice, judgement.verdict
        explained: list[Explanation] = []
        supervised: dict[str, object] = {}
        if self._supervised is not None and advice is not None and _adds(advice.opinion, opinions):
            explained, supervised = self._supervised.explain(advice)
        anomaly = {"velocity_forest": judgement.velocity_rank}
        for opinion in opinions:
            anomaly |= opinion.members | {opinion.channel: opinion.rank}
        findings = sorted(judgement.findings, key=lambda one: (-one.score, one.analyzer, one.sentence))
        return Assessment(
            payment=judgement.payment,
            overall=verdict.overall,
            velocity=verdict.scores["velocity"],
            amount=verdict.scores["amount"],
            pattern=verdict.scores["pattern"],
            graph=verdict.scores["graph"],
            timing=verdict.scores["timing"],
            alerts=verdict.alerts,
            explanations=(verdict.reason, *findings, *([] if judgement.spared else explained)),
            anomaly=anomaly,
            features=decimals(judgement.entries),
            supervised=supervised,
            model_version=self._model.version,
            lists_version=self._lists.version,
        )

    def observe(self, payment: Payment, assessment: Assessment | None = None) -> None:
        """Remember a payment that was made: O(1) amortised. `assessment` is kept as its sender's latest risk.

        Raises InvalidPayment.
        """
        transfer = self._taken(payment)
        self._last = None
        self._ledger.observe(payment)
        self._closings.observe(transfer, payment.payment_id)
        if self._supervised is not None:
            self._supervised.observe(payment, transfer)
        sender = self._ledger.wallet(payment.sender)
        if assessment is not None and sender is not None:
            sender.risk = assessment.overall
            sender.peak_risk = max(sender.peak_risk, assessment.overall)

    def assess_and_observe(self, payment: Payment) -> Assessment:
        """Score the next payment in order, then remember it. Raises InvalidPayment."""
        assessment = self.assess(payment)
        self.observe(payment, assessment)
        return assessment

    def wallet(self, address: str) -> WalletView:
        """What is known of a wallet; zeros for one that never took part."""
        address = address.lower()
        state = self._ledger.wallet(address)
        kinds = tuple(sorted(kind.value for kind in self._lists.kinds(address)))
        if state is None:
            return WalletView(address, 0, 0, 0, 0, 0, 0, 0, 0, 0, kinds)
        volume = state.sent_volume + state.received_volume
        return WalletView(
            address=address,
            transaction_count=state.count,
            sent_count=state.sent_count,
            received_count=state.received_count,
            total_volume=volume,
            avg_amount=volume // state.count if state.count else 0,
            first_seen=state.first_seen,
            last_seen=max(state.last_in, state.last_out),
            risk_score=state.risk,
            peak_risk_score=state.peak_risk,
            kinds=kinds,
        )

    def _velocity_rank(self, x: Floats) -> float:
        raw = self._model.velocity_forest.raw(x[: len(VELOCITY_FEATURES)])
        return self._model.velocity_curve(round(raw, 9))

    def _findings(
        self, signals: Signals, velocity_rank: float, screening: Screening, transfer: Transfer
    ) -> list[Explanation]:
        config = self._model.config
        return [
            *judge_velocity(signals.velocity, velocity_rank),
            *judge_amount(signals.amount, signals.graph, config),
            # an exchange blurs, returns and collects sums by its nature
            *([] if screening.hub else judge_pattern(signals.pattern, config)),
            *judge_graph(signals.graph, signals.amount, config),
            *judge_timing(signals.timing, config),
            *screening.findings,
            *([] if screening.hub else judge_circle(self._closings.look(transfer))),
        ]


def _least(judgement: _Judgement) -> RiskLevel:
    """The level that the payment has with any amount: what its velocity and the lists say knows none."""
    fixed = [one for one in judgement.findings if one.analyzer == "velocity" or one in judgement.screening.findings]
    return RiskLevel.of(combine(fixed, ()).overall)


def _adds(opinion: Opinion, opinions: list[Opinion]) -> bool:
    return adding(opinions) == (points_of(opinion), opinion.channel)


def _spared(payment: Payment) -> Verdict:
    sentence = f"The sender {payment.sender} is whitelisted: spared the score, not the sanctions check."
    verdict = combine((), ())
    return Verdict(0, verdict.scores, verdict.alerts, Explanation("overall", 0, sentence))


def _check(payment: Payment) -> None:
    for name, address in (("sender", payment.sender), ("recipient", payment.recipient), ("token", payment.token)):
        if not _ADDRESS.match(address):
            raise InvalidPayment(field=name, value=address, problem="expected 0x and 40 lower-case hexadecimal digits")
    if not 0 <= payment.amount < 1 << 256:
        raise InvalidPayment(field="amount", value=payment.amount, problem="expected 0 to 2^256 − 1 base units")
    if not 0 <= payment.decimals <= 36:
        raise InvalidPayment(field="decimals", value=payment.decimals, problem="expected 0 to 36")
    if not 0 <= payment.timestamp < 1 << 40:
        raise InvalidPayment(field="timestamp", value=payment.timestamp, problem="expected unix seconds")
