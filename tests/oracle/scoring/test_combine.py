import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.scoring.combine import WEIGHTS, bounds, combine
from oracle.scoring.ensemble import Opinion
from oracle.scoring.types import ANALYZERS, Alert, Explanation, RiskLevel


def finding(analyzer: str, score: int, alerts: Alert = Alert(0)) -> Explanation:  # noqa: B008
    return Explanation(analyzer, score, f"{analyzer} says {score}.", (), alerts)


def novel(rank: float) -> Opinion:
    return Opinion("ensemble", rank, {})


def test_weights__five_analyzers__sum_to_a_hundred() -> None:
    assert tuple(WEIGHTS) == ANALYZERS
    assert sum(WEIGHTS.values()) == 100


def test_combine__nothing_found__zero() -> None:
    assert combine([], [novel(0.5)]).overall == 0


def test_combine__no_alert__weighted_sum_rounded_down() -> None:
    found = [finding("velocity", 33), finding("amount", 45), finding("timing", 61), finding("velocity", 20)]
    assert combine(found, []).overall == (25 * 33 + 25 * 45 + 10 * 61) // 100


@pytest.mark.parametrize(("rank", "points"), [(0.5, 0), (0.95, 0), (0.98, 3), (1.0, 5)])
def test_combine__novelty__adds_up_to_five_points(rank: float, points: int) -> None:
    assert combine([finding("amount", 40)], [novel(rank)]).overall == 10 + points


@pytest.mark.parametrize(("rank", "points"), [(0.5, 0), (0.95, 0), (0.98, 18), (1.0, 30)])
def test_combine__supervised_model__alone_reaches_low_and_flags_nothing(rank: float, points: int) -> None:
    verdict = combine([], [novel(1.0), Opinion("supervised", rank, {})])
    assert verdict.overall == max(5, points)
    assert RiskLevel.of(verdict.overall) <= RiskLevel.LOW
    assert not verdict.alerts


@pytest.mark.parametrize(("score", "overall"), [(70, 45), (80, 60), (81, 61), (90, 75), (100, 80)])
def test_combine__deviation_from_habit_alone__flags_or_holds_and_never_blocks(score: int, overall: int) -> None:
    verdict = combine([finding("velocity", score, Alert.VELOCITY_ANOMALY)], [novel(0.0)])
    assert verdict.overall == overall
    assert verdict.alerts == Alert.VELOCITY_ANOMALY


@pytest.mark.parametrize("score", [61, 72, 95, 100])
def test_combine__known_kind_of_fraud__speaks_for_itself(score: int) -> None:
    assert combine([finding("pattern", score, Alert.LAYERING), finding("amount", 20)], []).overall == score


_FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from(ANALYZERS),
        st.integers(0, 100),
        st.sampled_from([Alert(0), Alert.VELOCITY_ANOMALY, Alert.LAYERING, Alert.SANCTIONED_INTERACTION]),
    ),
    max_size=6,
)


@given(_FINDINGS, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_bounds__any_findings_and_opinions__hold_the_score(
    findings: list[Explanation], novelty: float, supervised: float
) -> None:
    least, most = bounds(findings)
    said = combine(findings, [novel(novelty), Opinion("supervised", supervised, {})]).overall
    assert least <= said <= most
    assert least == combine(findings, []).overall
    assert most == combine(findings, [novel(1.0), Opinion("supervised", 1.0, {})]).overall


def test_combine__more_findings__never_lower() -> None:
    several = [finding(name, 60, Alert(0)) for name in ANALYZERS] + [finding("graph", 75, Alert.SYBIL_ATTACK)]
    scores = [combine(several[:count], []).overall for count in range(len(several) + 1)]
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    ("score", "level"), [(0, 0), (20, 0), (21, 1), (40, 1), (41, 2), (60, 2), (61, 3), (80, 3), (81, 4), (100, 4)]
)
def test_level__limits__as_in_the_contract(score: int, level: int) -> None:
    assert RiskLevel.of(score) is RiskLevel(level)
