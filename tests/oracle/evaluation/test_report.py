import base64
import csv
import io
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.image import imread

from oracle.errors import ToolMissing
from oracle.evaluation.figures import pictures
from oracle.evaluation.page import html_page
from oracle.evaluation.probes import Audit, Probe
from oracle.evaluation.report import NOT_REPORTABLE, REPORTABLE, Report, from_json, objection, rows, sections, to_json
from oracle.evaluation.tables import csv_table, latex, latex_table, shown
from tests.oracle.evaluation.helpers import failed, judged, passed, report


@pytest.fixture(scope="module")
def small() -> Report:
    return report()


@pytest.fixture(scope="module")
def images(small: Report) -> dict[str, bytes]:
    return pictures(small)


class Cells(HTMLParser):
    """What a page shows: the text of its table rows by section heading, its images, tags and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.heading, self.text, self.tags = "", "", set[str]()
        self.rows: list[tuple[str, list[str]]] = []
        self.images: list[bytes] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.text = ""
        if tag == "tr":
            self.rows.append((self.heading, []))
        for name, value in attrs:
            if tag == "img" and name == "src":
                self.images.append(base64.b64decode((value or "").removeprefix("data:image/png;base64,")))
            elif name in ("src", "href", "action"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.rows[-1][1].append(self.text)
        if tag == "h2":
            self.heading = self.text


def test_objection__of_a_failed_audit__names_the_probes_the_worst_first() -> None:
    assert objection(passed()) == ""
    assert objection(failed()) == (
        "age alone reaches ROC-AUC 0.981, calendar alone reaches ROC-AUC 0.930, above the limit of 0.75"
    )
    assert "no leakage probe" in objection(None)
    assert "no leakage probe" in objection(Audit((), 0.75))
    assert objection(Audit((Probe("age", 1, 0.5),), 0.75)) == "the leakage audit lacks a probe: calendar, missingness"


def test_objection__to_an_audit_with_a_loosened_limit__stays() -> None:
    loose = replace(failed(), limit=0.99)
    assert loose.passed
    assert objection(loose) == "the leakage audit allowed probes up to 0.99, more than 0.75"


def test_sections__of_a_report__keep_every_model_once_under_its_heading(small: Report) -> None:
    good, bad = sections(small)
    assert (good.heading, [one.name for one in good.models]) == (REPORTABLE, ["clean"])
    assert (bad.heading, [one.name for one in bad.models]) == (NOT_REPORTABLE, ["trees <b>&_1%$", "unprobed"])
    assert "age alone" in bad.because[0]
    assert good.places + bad.places == (1, 0, 2)


def test_rows__of_a_report__hold_every_figure_matrix_point_and_probe(small: Report) -> None:
    found = rows(small)
    for model in small.models:
        printed = [row for row in found if row.model == model.name]
        own = {row.figure: row for row in printed}
        assert len(own) == len(printed)  # no two numbers under one name
        for figure in model.figures:
            row = own[figure.name]
            assert (row.value, row.low, row.high) == (figure.value, figure.low, figure.high)
        assert {"ROC-AUC", "PR-AUC", "best F1", "recall at 1% FPR", "recall at 0.1% FPR", "Brier score"} <= set(own)
        assert own["at bound of 5%: true positives"].value == model.outcomes[3].confusion.true_positive
        assert own["ROC-AUC trained on 50% of the wallets"].value == pytest.approx(0.75)
        probes = model.audit.probes if model.audit else ()
        assert sum(name.startswith("leakage probe") for name in own) == len(probes)


def test_json__of_a_report__reads_back_the_same_in_the_same_order(small: Report) -> None:
    assert from_json(to_json(small)) == small


def test_json__of_a_report__has_no_figure_outside_of_its_section(small: Report) -> None:
    text = to_json(small)
    apart = text.split(f'"{NOT_REPORTABLE}":')
    assert len(apart) == 2
    assert '"name":"clean"' in apart[0]
    assert '"name":"unprobed"' in apart[1]
    assert '"name":"unprobed"' not in apart[0]


def test_json__with_a_model_moved_to_the_better_section__is_refused(small: Report) -> None:
    only = replace(small, models=(small.models[0],))
    moved = to_json(only).replace(f'"{NOT_REPORTABLE}"', f'"{REPORTABLE}"')
    with pytest.raises(ValueError, match="not as it was written"):
        from_json(moved)


@pytest.mark.parametrize("text", ["", "[]", '{"title":"x"}', '{"title":1,"facts":[],"notes":[],"sections":{}}'])
def test_json__of_anything_else__is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)


def test_csv__of_a_report__has_every_number_in_full_with_its_section_and_reason(small: Report) -> None:
    read = list(csv.DictReader(io.StringIO(csv_table(small))))
    wanted = rows(small)
    assert len(read) == len(wanted)
    for line, row in zip(read, wanted, strict=True):
        assert (line["section"], line["model"], line["figure"]) == (row.section, row.model, row.figure)
        assert (float(line["value"]), line["because"]) == (row.value, row.because)
        assert (line["low"], line["high"]) == tuple("" if one is None else repr(one) for one in (row.low, row.high))
    assert all(("age alone" in line["because"]) == line["model"].startswith("trees") for line in read)


def test_latex__of_a_report__has_every_figure_under_its_heading_and_names_the_probe(small: Report) -> None:
    text = latex_table(small)
    good, bad = text.split(r"\paragraph{Not reportable as detection quality}")
    for row in rows(small):
        line = f"{latex(row.model)} & {latex(row.figure)} & {shown(row.value)} & {shown(row.low)} & {shown(row.high)}"
        assert (good if row.section == REPORTABLE else bad).count(line) == 1
    assert "age alone reaches ROC-AUC 0.981" in bad
    assert r"trees <b>\&\_1\%\$" in bad
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 2


def test_html__of_a_report__has_every_figure_under_its_heading_and_every_picture(
    small: Report, images: dict[str, bytes]
) -> None:
    page = html_page(small, images)
    found = Cells(page)
    shown_rows = [(heading.lower(), cells) for heading, cells in found.rows if len(cells) == 5]
    assert shown_rows == [
        (row.section, [row.model, row.figure, shown(row.value), shown(row.low), shown(row.high)]) for row in rows(small)
    ]
    assert sorted(found.images) == sorted(images.values())
    assert "age alone reaches ROC-AUC 0.981" in page


def test_html__of_hostile_names__shows_them_and_loads_nothing(small: Report, images: dict[str, bytes]) -> None:
    page = html_page(small, images)
    found = Cells(page)
    assert not {"script", "link", "iframe", "b", "i"} & found.tags
    assert not found.links
    assert not re.search(r"https?://|@import|url\(", page)
    assert "Title with &lt;script&gt;" in page


def test_html__without_pictures__still_has_every_number(small: Report) -> None:
    assert len([cells for _, cells in Cells(html_page(small, {})).rows if len(cells) == 5]) == len(rows(small))


def test_pictures__of_a_report__are_one_of_each_kind_in_both_sections(images: dict[str, bytes], tmp_path: Path) -> None:
    shared = ["roc", "precision-recall", "calibration", "learning-curve"]
    good = [*shared, "scores-1", *(f"confusion-1-{one}" for one in range(1, 5))]
    bad = [*good, "scores-2", *(f"confusion-2-{one}" for one in range(1, 5))]
    assert list(images) == [f"1-{name}.png" for name in good] + [f"2-{name}.png" for name in bad]
    for name, data in images.items():
        (tmp_path / name).write_bytes(data)
        drawn = imread(tmp_path / name)
        assert drawn.shape == (594, 704, 4)
        assert drawn.std() > 0.01  # not blank


def test_pictures__of_the_same_report__are_the_same_bytes(small: Report, images: dict[str, bytes]) -> None:
    only = replace(small, models=(small.models[1],))
    assert {name: data for name, data in images.items() if name.startswith("1-")} == pictures(only)


def test_pictures__of_the_same_model_that_fails_its_audit__differ_because_they_say_so() -> None:
    good, bad = (pictures(Report("x", (), (judged("same", audit),))) for audit in (passed(), failed()))
    assert list(good) == list(bad)
    assert not any(good[name] == bad[name] for name in good)


def test_pictures__without_matplotlib__say_what_to_install(small: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ToolMissing, match="matplotlib"):
        pictures(small)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (3.0, "3"),
        (0.98765, "0.9877"),
        (0.00012345, "0.0001234"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_shown__of_a_number__is_short(value: float | None, text: str) -> None:
    assert shown(value) == text
