"""Data sets by name, and what docs/data.md says of them."""

from pathlib import Path

import pytest

from oracle.datasets import NAMES, data_folder, load
from oracle.errors import ConfigurationError, DataMissing
from tests.oracle.datasets.files import labelled_row, write_labelled

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "data.md"


@pytest.mark.parametrize("name", NAMES)
def test_load__nothing_there__says_where_to_get_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYFLOW_DATA", str(tmp_path))
    with pytest.raises(DataMissing) as caught:
        load(name)
    assert caught.value.path.is_relative_to(tmp_path)
    assert len(caught.value.source) > 20


@pytest.mark.parametrize("name", NAMES)
def test_document__every_name__is_listed(name: str) -> None:
    assert f"`{name}`" in DOCUMENT.read_text(encoding="utf-8")


def test_load__own_file__is_taken_instead_of_the_folder(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "mine.csv", [labelled_row()])
    assert load("labelled", path).name == "labelled"


def test_load__unknown_name__lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="labelled, stablecoins, patterns, amlsim, amlworld"):
        load("amazon", tmp_path)


def test_data_folder__variable__wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAYFLOW_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("PAYFLOW_DATA")
    assert data_folder().parts[-2:] == ("shared", "data")
