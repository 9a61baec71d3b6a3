"""What an evaluation found, as plain data, and the one rule of what may be called detection quality.

A figure counts as detection quality where the leakage audit of its own split passed: age, calendar and missingness were
each tried alone and stayed at or below the limit. Every format prints its figures through `sections`, so none can show
a figure without its place.
"""

import json
from dataclasses import dataclass

from oracle.evaluation.canonical import canonical, plain, restore
from oracle.evaluation.learning import CurvePoint
from oracle.evaluation.metrics import Calibration, Confusion
from oracle.evaluation.probes import LIMIT, Audit

REPORTABLE = "detection quality"
NOT_REPORTABLE = "not reportable as detection quality"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and its interval, None where none was computed."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve in its order, `x` and `y` of the same length."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of licit and of fraud rows, shape (B,) each, between `edges`, shape (B + 1,)."""

    edges: tuple[float, ...]
    licit: tuple[float, ...]
    fraud: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A confusion matrix and what its threshold was chosen for ("1% FPR")."""

    name: str
    confusion: Confusion


@dataclass(frozen=True, slots=True)
class Judged:
    """All that was found about one model on one split. `audit` is that split's, None where none was made.

    `calibration` is None for scores that are no probabilities; `learning` is empty where no learning curve was
    computed.
    """

    name: str
    audit: Audit | None
    figures: tuple[Figure, ...]
    roc: Curve
    precision_recall: Curve
    histogram: Histogram
    outcomes: tuple[Outcomes, ...]
    calibration: Calibration | None
    learning: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation. `facts`: what was evaluated, as (name, value) pairs. `notes`: sentences of the caller's own."""

    title: str
    facts: tuple[tuple[str, str], ...]
    models: tuple[Judged, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Models under one heading, and for each what keeps its figures from being detection quality ("" for nothing)."""

    heading: str
    models: tuple[Judged, ...]
    because: tuple[str, ...]
    places: tuple[int, ...]
    """Where each model stands in the report."""


@dataclass(frozen=True, slots=True)
class Row:
    """One printed number with its section, its model, and the reason why it is not reportable ("" for none)."""

    section: str
    model: str
    figure: str
    value: float
    low: float | None
    high: float | None
    because: str


def objection(audit: Audit | None) -> str:
    """Why figures beside this audit are no detection quality, naming the probes, or "" if they are."""
    if audit is None or not audit.probes:
        return "no leakage probe was run on this split"
    if audit.failed:
        reached = ", ".join(f"{one.name} alone reaches ROC-AUC {one.roc_auc:.3f}" for one in audit.failed)
        return f"{reached}, above the limit of {audit.limit:g}"
    if audit.limit > LIMIT:
        return f"the leakage audit allowed probes up to {audit.limit:g}, more than {LIMIT:g}"
    if audit.absent:
        return f"the leakage audit lacks a probe: {', '.join(audit.absent)}"
    return ""


def sections(report: Report) -> tuple[Section, ...]:
    """The models under the heading they belong to, in the report's order; a heading without models is left out."""
    reasons = [objection(model.audit) for model in report.models]
    found = []
    for heading, objected in ((REPORTABLE, False), (NOT_REPORTABLE, True)):
        places = tuple(place for place, why in enumerate(reasons) if bool(why) == objected)
        if places:
            models = tuple(report.models[place] for place in places)
            found.append(Section(heading, models, tuple(reasons[place] for place in places), places))
    return tuple(found)


def rows(report: Report) -> tuple[Row, ...]:
    """Every number that a table prints, section by section: figures, confusion matrices, learning curves, probes."""
    found = []
    for section in sections(report):
        for model, why in zip(section.models, section.because, strict=True):
            printed = [*model.figures, *_of_outcomes(model), *_of_learning(model), *_of_probes(model)]
            found += [Row(section.heading, model.name, one.name, one.value, one.low, one.high, why) for one in printed]
    return tuple(found)


def to_json(report: Report) -> str:
    """Canonical JSON. The models lie under their section's heading, each with the reason and its place in the
    report."""
    return canonical(
        {
            "title": report.title,
            "facts": report.facts,
            "notes": report.notes,
            "sections": {
                section.heading: [
                    {"because": why, "place": place, "model": plain(model)}
                    for model, why, place in zip(section.models, section.because, section.places, strict=True)
                ]
                for section in sections(report)
            },
        }
    )


def from_json(text: str) -> Report:
    """The report that `to_json` wrote. Raises ValueError for anything else, also where a model was moved to a section
    that its audit does not allow."""
    try:
        data = json.loads(text)
        entries = [entry for section in data["sections"].values() for entry in section]
        models = tuple(restore(Judged, one["model"], "model") for one in sorted(entries, key=lambda one: one["place"]))
        report = Report(
            restore(str, data["title"], "title"),
            restore(tuple[tuple[str, str], ...], data["facts"], "facts"),
            models,
            restore(tuple[str, ...], data["notes"], "notes"),
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no report: {type(error).__name__} {error}") from None
    if to_json(report) != text:
        raise ValueError("the report is not as it was written: sections, reasons or the canonical form differ")
    return report


def _of_outcomes(model: Judged) -> list[Figure]:
    return [
        Figure(f"at {one.name}: {name}", value)
        for one in model.outcomes
        for name, value in (
            ("threshold", one.confusion.threshold),
            ("true negatives", one.confusion.true_negative),
            ("false positives", one.confusion.false_positive),
            ("false negatives", one.confusion.false_negative),
            ("true positives", one.confusion.true_positive),
            ("false positive rate", one.confusion.false_positive_rate),
            ("recall", one.confusion.recall),
            ("precision", one.confusion.precision),
            ("F1", one.confusion.f1),
        )
    ]


def _of_learning(model: Judged) -> list[Figure]:
    return [
        Figure(
            f"ROC-AUC trained on {point.fraction:.0%} of the wallets",
            point.roc_auc,
            point.roc_auc_low,
            point.roc_auc_high,
        )
        for point in model.learning
    ]


def _of_probes(model: Judged) -> list[Figure]:
    audit = model.audit
    return [Figure(f"leakage probe: ROC-AUC of {one.name} alone", one.roc_auc) for one in audit.probes] if audit else []
