"""An evaluation as Markdown."""

import csv
import io

import pytest

from oracle.errors import ConfigurationError
from oracle.evaluation.gate.goals import Goal, outcomes
from oracle.evaluation.gate.summary import renewed, summary
from oracle.evaluation.tables import csv_table, shown
from tests.oracle.evaluation.helpers import report


def test_summary__of_a_report__shows_each_headline_figure_as_the_csv_has_it() -> None:
    text = summary(report(), ())
    for row in csv.DictReader(io.StringIO(csv_table(report()))):
        if row["figure"] in ("ROC-AUC", "PR-AUC", "expected calibration error"):
            assert shown(float(row["value"])) in text


def test_summary__of_a_failed_audit__puts_the_reason_under_its_heading() -> None:
    text = summary(report(), ())
    place = text.index("**Not reportable as detection quality**")
    assert text.index("**Detection quality**") < place < text.index("age alone reaches ROC-AUC 0.981")
    assert "this is so of trees" in text


def test_summary__of_goals__says_measured_and_missed_once() -> None:
    found = outcomes((Goal("clean", "ROC-AUC", 0.99),), report())
    text = summary(report(), found)
    assert text.count("| clean | ROC-AUC | 0.99 |") == 1
    assert "| missed |" in text


def test_summary__tables__have_cells_of_their_head() -> None:
    """A bar in a name would open a column."""
    heads = 0
    for block in summary(report(), ()).split("\n\n"):
        if block.startswith("|"):
            heads += 1
            assert len({line.count("|") for line in block.splitlines()}) == 1
    assert heads >= 5


def test_renewed__page_with_markers__changes_between_them_only() -> None:
    page = "before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter <!-- y: begin --><!-- y: end -->\n"
    assert renewed(page, "x", "new\n") == page.replace("\nold\n", "\n\nnew\n\n")
    assert renewed(renewed(page, "x", "a"), "x", "new") == renewed(page, "x", "new")


@pytest.mark.parametrize("page", ["", "<!-- x: begin -->", "<!-- x: end --><!-- x: begin -->"])
def test_renewed__page_without_a_place__is_refused(page: str) -> None:
    with pytest.raises(ConfigurationError, match="no place for x"):
        renewed(page, "x", "new")
