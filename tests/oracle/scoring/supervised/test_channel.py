"""The supervised channel in the engine: as of the moment before, bounded in what it claims, spoken for people."""

import json
import random

import numpy as np
import pytest

from oracle.errors import ModelInvalid
from oracle.scoring import Payment, RiskEngine, RiskLevel, RiskModel, ScreeningLists
from oracle.scoring.counterfactual import lower_amount
from oracle.scoring.simulator import simulate, simulated_lists
from oracle.scoring.stream import FEATURES, Stream, Table, Transfer, key_of, transfer_of
from oracle.scoring.stream.features import ALL_FEATURES
from oracle.scoring.supervised.channel import SupervisedChannel
from oracle.scoring.supervised.local_rank import LEAST, WINDOW, LocalRank
from oracle.scoring.supervised.shap import TreeShap
from oracle.scoring.supervised.trees import SCALE
from oracle.scoring.supervised.wording import duration, number, spoken


@pytest.fixture(scope="module")
def stream() -> list[Payment]:
    return [one.payment for one in simulate(11, 600, episodes=1)]


@pytest.fixture(scope="module")
def channel(model: RiskModel) -> SupervisedChannel:
    assert model.supervised is not None
    return SupervisedChannel(model.supervised)


def test_advise__asked_twice_and_about_others_between__says_the_same(model: RiskModel, stream: list[Payment]) -> None:
    assert model.supervised is not None
    one, other = SupervisedChannel(model.supervised), SupervisedChannel(model.supervised)
    for payment in stream[:250]:
        one.observe(payment, transfer_of(payment, 0))
        other.observe(payment, transfer_of(payment, 0))
        for strange in stream[300:302]:
            other.advise(strange, transfer_of(strange, 0))
    for payment in stream[250:300]:
        first, second = (each.advise(payment, transfer_of(payment, 0)) for each in (one, other))
        assert (first.score, first.rank, first.side) == (second.score, second.rank, second.side)


def test_vectors__of_the_channel__are_those_of_a_backtest(model: RiskModel, stream: list[Payment]) -> None:
    """Online and as a table: one code path, the same bits."""
    assert model.supervised is not None
    one = SupervisedChannel(model.supervised)
    online, sides = [], []
    for payment in stream:
        advice = one.advise(payment, transfer_of(payment, 0))
        online.append(advice.vector)
        sides.append(advice.side == "sender")
        one.observe(payment, transfer_of(payment, 0))
    transfers = [
        Transfer(p.timestamp, key_of(p.sender), key_of(p.recipient), key_of(p.token), key_of(p.tx), p.micro / 10**6)
        for p in stream
    ]
    assert all(p.tx for p in stream)  # else each would need a key of its own, which is `transfer_of`'s business
    batch = Stream().batch(Table.of(transfers), np.array(sides))
    assert np.array_equal(np.array(online), batch, equal_nan=True)


def test_local_rank__exchangeable_scores__at_most_the_promised_share_ranks_high() -> None:
    dice, rank, high = random.Random(3), LocalRank(), 0  # noqa: S311 - reproducible
    for _ in range(20_000):
        score = min(100, int(dice.expovariate(0.05)))
        high += rank(score) >= 0.95
        rank.add(score)
    assert 0 < high <= 0.05 * 20_000 * 1.1


def test_local_rank__few_payments__claims_nothing_and_forgets_old_ones() -> None:
    rank = LocalRank()
    for _ in range(LEAST - 1):
        rank.add(10)
    assert rank(100) == 0.0
    rank.add(10)
    assert rank(100) == 1 - 1 / (1 + LEAST)
    for _ in range(WINDOW):
        rank.add(90)
    assert rank(50) == pytest.approx(0.0, abs=1e-12)


def test_engine__model_adds_to_the_score__says_why_and_commits_to_it(model: RiskModel) -> None:
    assert model.supervised is not None
    engine, beside = RiskEngine(model, simulated_lists(7)), SupervisedChannel(model.supervised)
    found = None
    for one in simulate(7, 3_000, episodes=2):
        transfer = transfer_of(one.payment, 0)
        advice = beside.advise(one.payment, transfer)
        assessment = engine.assess_and_observe(one.payment)
        if assessment.supervised and assessment.overall:
            found = assessment
            break
        beside.observe(one.payment, transfer)
    assert found is not None
    assert found.level <= RiskLevel.LOW
    (sentence,) = (one.sentence for one in found.explanations if one.analyzer == "supervised")
    assert "% of the last payments here" in sentence
    document = json.loads(found.evidence())
    assert document["supervised"]["rank"] == f"{found.anomaly['supervised']:.6f}"
    # each of the listed contributions, computed anew from the trees, the largest first
    shap, listed = TreeShap.of(model.supervised.trees), document["supervised"]["contributions"]
    shares = shap.contributions(advice.vector)
    largest = np.argsort(-np.abs(shares), kind="stable")[: len(listed)].tolist()
    assert [one["feature"] for one in listed] == [FEATURES[place].name for place in largest]
    assert [one["log_odds"] for one in listed] == [f"{shares[place]:.6f}" for place in largest]
    assert [one["value"] for one in listed] == [f"{advice.vector[place]:.6f}" for place in largest]
    assert len(set(np.abs(shares[largest]).round(6).tolist())) > 1
    # and with all others they add up to what the trees say
    said = float(model.supervised.trees.raw_batch(advice.vector[None])[0]) / SCALE
    assert shap.expected + shares.sum() == pytest.approx(said, abs=1e-6)
    assert float(document["supervised"]["log_odds"]) == pytest.approx(said, abs=1e-5)
    # the sentence names what raises the score most, in that order
    raising = [place for place in largest if shares[place] > 0 and not np.isnan(advice.vector[place])][:3]
    reasons = "; ".join(spoken(FEATURES[place], float(advice.vector[place])) for place in raising)
    assert raising
    assert sentence.endswith(f": {reasons}.")


@pytest.mark.parametrize("lists", [ScreeningLists(), simulated_lists(5)], ids=["no lists", "lists"])
def test_assess__held_payment__names_an_amount_that_indeed_has_a_lower_level(
    model: RiskModel, lists: ScreeningLists
) -> None:
    """The engine skips what cannot decide; asked in full, for each amount, it says the same."""
    engine = RiskEngine(model, lists)
    said = silent = 0
    for one in simulate(5, 2_500, episodes=3):
        assessment = engine.assess(one.payment)
        if assessment.level >= RiskLevel.MEDIUM:
            level = assessment.level
            lower = lower_amount(
                one.payment,
                lambda other, level=level: engine.assess(other).level < level,  # type: ignore[misc]
                lambda other: engine.assess(other).overall,
            )
            silent += lower is None
            sentences = [e.sentence for e in assessment.explanations if e.sentence.startswith("With ")]
            assert len(sentences) == (lower is not None)
            if lower is not None:
                said += 1
                amount = lower.tokens * 10**one.payment.decimals
                cheaper = Payment(**{**{f: getattr(one.payment, f) for f in one.payment.__slots__}, "amount": amount})
                less = engine.assess(cheaper)
                assert (less.overall, less.level < assessment.level) == (lower.score, True)
                would = (
                    f"With {lower.tokens:,} tokens instead the score would have been {less.overall}, {less.level.name}."
                )
                assert sentences == [would]
        engine.observe(one.payment)
    assert said > 5
    assert silent > 5


def test_lower_amount__level_that_no_amount_lowers__is_none() -> None:
    payment = Payment("0x" + "00" * 32, "0x" + "1" * 40, "0x" + "2" * 40, "0x" + "3" * 40, 5 * 10**9, 6, 1)
    assert lower_amount(payment, lambda _: False, lambda _: 100) is None
    tiny = Payment("0x" + "00" * 32, "0x" + "1" * 40, "0x" + "2" * 40, "0x" + "3" * 40, 10, 6, 1)
    assert lower_amount(tiny, lambda _: True, lambda _: 0) is None


def test_spoken__every_feature__a_sentence_with_a_number_and_no_formula() -> None:
    for feature in ALL_FEATURES:
        for value in (0.0, 1.0, 3.25, -2.5):
            sentence = spoken(feature, value)
            assert "{" not in sentence
            assert "2^" not in sentence
            assert sentence[0].isupper() or sentence[0].isdigit() or sentence[0] in "-l"
            flag = feature.unit == "0 or 1"
            assert flag or any(one.isdigit() for one in sentence) or "less than a second" in sentence, sentence


def test_spoken__units__as_people_say_them() -> None:
    by_name = {one.name: one for one in ALL_FEATURES}
    assert spoken(by_name["size"], 10.0) == "The amount is 1,023 tokens"
    assert spoken(by_name["own_1d_in_share"], 0.375) == "37.5% of the wallet's last day's transfers were incoming"
    assert spoken(by_name["own_7d_funded"], 12.0).endswith("was 1.14 hours ago")
    assert duration(0.2) == "less than a second"
    assert duration(90_000) == "1.04 days"
    assert number(0.00001) == "less than 0.001"


def test_model__supervised_part_altered__is_refused(model: RiskModel) -> None:
    assert model.supervised is not None
    data = bytearray(model.supervised.data)
    data[-1] ^= 1
    with pytest.raises(ModelInvalid):
        type(model.supervised).load(bytes(data), features=[one.name for one in FEATURES])
