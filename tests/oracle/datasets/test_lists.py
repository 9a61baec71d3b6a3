"""Lists of addresses that others keep."""

from pathlib import Path

import pytest

from oracle.datasets import AddressFormat, AddressLabel, load_address_labels, load_sanctions
from oracle.errors import DataInvalid, DataMissing
from tests.oracle.datasets.files import address, write_csv

TRON, BITCOIN = "TXEsK1sEsKjZ1xtHitnyAAoqw3WLdYdRNW", "16iWn2J1McqjToYLHSsAyS6En3QA8YQ91H"


def test_load_sanctions__lists_of_currencies__are_typed_by_what_addresses_look_like(tmp_path: Path) -> None:
    mixed = "0x01e2919679362dFBC9ee1644Ba9C6da6D6245BB1"
    (tmp_path / "ofac_ETH.txt").write_text(f"{mixed}\n{mixed.lower()}\n")
    (tmp_path / "ofac_USDT.txt").write_text(f"{TRON}\n{BITCOIN}\n\n{mixed}")
    found = load_sanctions(tmp_path)
    assert [(one.currency, one.address, one.format) for one in found] == [
        ("ETH", mixed.lower(), AddressFormat.EVM),
        ("USDT", mixed.lower(), AddressFormat.EVM),
        ("USDT", BITCOIN, AddressFormat.BITCOIN),
        ("USDT", TRON, AddressFormat.TRON),
    ]
    assert load_sanctions(tmp_path / "ofac_ETH.txt")[0].file == "ofac_ETH.txt"


@pytest.mark.parametrize("line", ["0x1234", "<html>", "0x" + "g" * 40, f"{TRON} {TRON}"])
def test_load_sanctions__line_that_is_no_address__is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "ofac_ETH.txt").write_text(f"{address(1)}\n{line}\n")
    with pytest.raises(DataInvalid, match="no address") as caught:
        load_sanctions(tmp_path)
    assert (caught.value.row, caught.value.value) == (2, line)


def test_load_sanctions__empty_list__is_refused_rather_than_screening_nobody(tmp_path: Path) -> None:
    (tmp_path / "ofac_ETH.txt").write_text("\n")
    with pytest.raises(DataInvalid, match="screen nobody"):
        load_sanctions(tmp_path)
    with pytest.raises(DataMissing, match="0xB10C"):
        load_sanctions(tmp_path / "elsewhere")


def test_load_address_labels__quoted_names__stay_whole(tmp_path: Path) -> None:
    rows = [[address(1), "phish", "Pay, $1,000", "forta"], [address(2), "exchange", "", "etherscan"]]
    write_csv(tmp_path / "labels.csv.gz", ("address", "category", "name", "source"), rows)
    assert load_address_labels(tmp_path) == (
        AddressLabel(address(1), "phish", "Pay, $1,000", "forta"),
        AddressLabel(address(2), "exchange", "", "etherscan"),
    )


def test_load_address_labels__entry_without_category__is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "labels.csv", ("address", "category", "name", "source"), [[address(1), "", "x", "y"]])
    with pytest.raises(DataInvalid) as caught:
        load_address_labels(path)
    assert caught.value.column == "category"
