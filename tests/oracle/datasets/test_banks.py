"""Simulated banks and mobile money: AMLworld, AMLSim, SAML-D, PaySim."""

from pathlib import Path

import pytest

from oracle.datasets import Transfers, load_amlsim, load_amlworld, load_patterns, load_paysim, load_samld
from oracle.errors import DataInvalid, DataMissing
from tests.oracle.datasets.files import write_csv

AMLWORLD = (
    "Timestamp",
    "From Bank",
    "Account",
    "To Bank",
    "Account",
    "Amount Received",
    "Receiving Currency",
    "Amount Paid",
    "Payment Currency",
    "Payment Format",
    "Is Laundering",
)
ORDINARY = [
    "2022/09/01 00:20",
    "010",
    "8000EBD30",
    "010",
    "8000EBD30",
    "3697.34",
    "US Dollar",
    "3697.34",
    "US Dollar",
    "Reinvestment",
    "0",
]
FAN_OUT = [
    "2022/09/01 00:06",
    "021174",
    "800737690",
    "012",
    "80011F990",
    "2848.96",
    "Euro",
    "2848.96",
    "Euro",
    "ACH",
    "1",
]
STACK = [
    "2022/09/01 00:20",
    "000",
    "800737691",
    "012",
    "80011F991",
    "0.000001",
    "Bitcoin",
    "0.000001",
    "Bitcoin",
    "Bitcoin",
    "1",
]
LONE = ["2022/09/02 00:00", "7", "A", "8", "B", "100.00", "Yuan", "14.50", "US Dollar", "Wire", "1"]
PATTERNS = f"""BEGIN LAUNDERING ATTEMPT - FAN-OUT:  Max 16-degree Fan-Out
{",".join(FAN_OUT)}
END LAUNDERING ATTEMPT - FAN-OUT:  Max 16-degree Fan-Out

BEGIN LAUNDERING ATTEMPT - STACK
{",".join(STACK)}
END LAUNDERING ATTEMPT - STACK
"""
SAMLD = (
    "Time",
    "Date",
    "Sender_account",
    "Receiver_account",
    "Amount",
    "Payment_currency",
    "Received_currency",
    "Sender_bank_location",
    "Receiver_bank_location",
    "Payment_type",
    "Is_laundering",
    "Laundering_type",
)
PAYSIM = (
    "step",
    "type",
    "amount",
    "nameOrig",
    "oldbalanceOrg",
    "newbalanceOrig",
    "nameDest",
    "oldbalanceDest",
    "newbalanceDest",
    "isFraud",
    "isFlaggedFraud",
)


def kinds_of(found: Transfers) -> list[str]:
    return [found.kinds[one] if one >= 0 else "" for one in found.kind]


def test_load_amlworld__rows_and_patterns__are_matched_and_put_in_order(tmp_path: Path) -> None:
    write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [ORDINARY, FAN_OUT, LONE, STACK])
    (tmp_path / "HI-Small_Patterns.txt").write_text(PATTERNS)
    found = load_amlworld(tmp_path)
    assert found.time.tolist() == [1_661_990_760, 1_661_991_600, 1_661_991_600, 1_662_076_800]
    assert [found.parties[one] for one in found.sender] == ["21174:800737690", "10:8000EBD30", "0:800737691", "7:A"]
    assert found.label.tolist() == [1, 0, 1, 1]
    assert kinds_of(found) == ["FAN-OUT", "", "STACK", ""]
    assert found.wallet.tolist() == [-1] * 4
    assert found.transactions == ("",)
    tokens = [found.tokens[one] for one in found.token]
    assert [(one.symbol, one.decimals, one.stable) for one in tokens] == [
        ("Euro", 2, False),
        ("US Dollar", 2, True),
        ("Bitcoin", 8, False),
        ("US Dollar", 2, True),
    ]
    assert found.units.tolist() == [284_896, 369_734, 100, 1_450]


def test_load_amlworld__banks_with_and_without_leading_zeros__are_the_same(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [FAN_OUT, STACK])
    (tmp_path / "HI-Small_Patterns.txt").write_text(PATTERNS.replace(",021174,", ",21174,").replace(",012,", ",12,"))
    assert kinds_of(load_amlworld(path)) == ["FAN-OUT", "STACK"]


def test_load_amlworld__no_pattern_found__names_the_first(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [ORDINARY])
    (tmp_path / "HI-Small_Patterns.txt").write_text(PATTERNS)
    with pytest.raises(DataInvalid) as caught:
        load_amlworld(path)
    assert caught.value.row == 2


def test_load_amlworld__without_patterns__names_no_typology(tmp_path: Path) -> None:
    found = load_amlworld(write_csv(tmp_path / "LI-Small_Trans.csv", AMLWORLD, [FAN_OUT]))
    assert (found.kinds, found.kind.tolist(), found.label.tolist()) == ((), [-1], [1])


def test_load_amlworld__equal_transfers_in_two_attempts__get_one_typology_each(tmp_path: Path) -> None:
    write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [FAN_OUT, FAN_OUT, FAN_OUT])
    lines = "".join(
        f"BEGIN LAUNDERING ATTEMPT - {name}\n{','.join(FAN_OUT)}\nEND LAUNDERING ATTEMPT - {name}\n"
        for name in ("CYCLE:  Max 2 hops", "RANDOM")
    )
    (tmp_path / "HI-Small_Patterns.txt").write_text(lines)
    assert kinds_of(load_amlworld(tmp_path)) == ["CYCLE", "RANDOM", ""]


def test_load_amlworld__pattern_of_another_version__is_refused_with_its_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [ORDINARY, FAN_OUT])
    (tmp_path / "HI-Small_Patterns.txt").write_text(PATTERNS)
    with pytest.raises(DataInvalid, match="not among the laundering rows") as caught:
        load_amlworld(path)
    assert (caught.value.path.name, caught.value.row) == ("HI-Small_Patterns.txt", 6)


@pytest.mark.parametrize("content", ["", "Timestamp\n", ",".join(FAN_OUT), "BEGIN LAUNDERING ATTEMPT - STACK\n1,2\n"])
def test_load_amlworld__file_of_patterns_that_is_none__is_refused(tmp_path: Path, content: str) -> None:
    path = write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [FAN_OUT])
    (tmp_path / "HI-Small_Patterns.txt").write_text(content)
    with pytest.raises(DataInvalid) as caught:
        load_amlworld(path)
    assert caught.value.path.name == "HI-Small_Patterns.txt"


@pytest.mark.parametrize(
    ("column", "value"),
    [(0, "2022/09/01"), (1, "ten"), (2, ""), (7, "-3.00"), (7, "many"), (8, ""), (10, "yes")],
)
def test_load_amlworld__bad_cell__is_refused_with_its_line(tmp_path: Path, column: int, value: str) -> None:
    row = [value if place == column else cell for place, cell in enumerate(ORDINARY)]
    with pytest.raises(DataInvalid) as caught:
        load_amlworld(write_csv(tmp_path / "HI-Small_Trans.csv", AMLWORLD, [ORDINARY, row]))
    assert (caught.value.row, caught.value.column, caught.value.value) == (3, AMLWORLD[column], value)


def test_load_patterns__typologies__are_kinds(tmp_path: Path) -> None:
    names = "pattern_id,typology,pattern_type,timestamp,from_bank,from_account,to_bank,to_account,amount_received"
    names += ",receiving_currency,amount_paid,payment_currency,payment_format,is_laundering"
    (tmp_path / "laundering_patterns.csv").write_text(
        f"{names}\n"
        "1,CYCLE,CYCLE:  Max 3 hops,2022/09/02 00:06,3,A,4,B,1.5,Euro,1.5,Euro,ACH,1\n"
        "0,FAN-OUT,FAN-OUT,2022/09/01 00:06,3,A,4,B,8630.4,Euro,8630.4,Euro,ACH,1\n"
    )
    found = load_patterns(tmp_path)
    assert kinds_of(found) == ["FAN-OUT", "CYCLE"]
    assert found.units.tolist() == [863_040, 150]
    assert found.parties == ("3:A", "4:B")


def test_load_amlsim__labels__are_those_of_the_chosen_side(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "nodes.csv", ("nodeid", "isFraud", "init_balance", "fraudStep"), [[7, 1, "1.5", 3], [8, 0, "2", -1]]
    )
    write_csv(
        tmp_path / "transactions.csv.gz",
        ("sourceNodeId", "targetNodeId", "value", "time"),
        [[7, 8, "163.3", 1], [8, 7, 12, 2]],
    )
    found = load_amlsim(tmp_path)
    assert found.time.tolist() == [86_400, 172_800]
    assert found.units.tolist() == [16_330, 1_200]
    assert found.label.tolist() == [1, 0]
    assert (found.wallet == found.sender).all()
    write_csv(tmp_path / "nodes.csv", ("nodeid", "isFraud", "init_balance"), [[7, 1, "1.5"], [8, 0, "9"]])
    assert load_amlsim(tmp_path).source != found.source
    other = load_amlsim(tmp_path, "recipient")
    assert other.label.tolist() == [0, 1]
    assert (other.wallet == other.recipient).all()


def test_load_amlsim__account_without_label__is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "nodes.csv", ("nodeid", "isFraud"), [[7, 1]])
    write_csv(tmp_path / "transactions.csv", ("sourceNodeId", "targetNodeId", "value", "time"), [[7, 8, "1", 1]])
    with pytest.raises(DataInvalid, match=r"no account of nodes\.csv") as caught:
        load_amlsim(tmp_path)
    assert (caught.value.column, caught.value.value) == ("targetNodeId", "8")


def test_load_amlsim__one_of_two_files__is_not_enough(tmp_path: Path) -> None:
    write_csv(tmp_path / "nodes.csv", ("nodeid", "isFraud"), [[7, 1]])
    with pytest.raises(DataMissing, match="IBM/AMLSim"):
        load_amlsim(tmp_path)


def test_load_samld__rows__keep_their_typology_and_get_into_order(tmp_path: Path) -> None:
    rows = [
        "10:35:20,2022-10-07,1491989064,8401255335,6019.64,UK pounds,Dirham,UK,UAE,Cross-border,0,Normal_Fan_Out",
        "10:35:19,2022-10-07,8724731955,2769355426,1459.155,UK pounds,UK pounds,UK,UK,Cash Deposit,1,Structuring",
    ]
    found = load_samld(write_csv(tmp_path / "SAML-D.csv", SAMLD, [row.split(",") for row in rows]))
    assert found.time.tolist() == [1_665_138_919, 1_665_138_920]
    assert kinds_of(found) == ["Structuring", "Normal_Fan_Out"]
    assert found.label.tolist() == [1, 0]
    assert found.tokens[0].decimals == 3  # one amount needs three
    assert found.units.tolist() == [1_459_155, 6_019_640]


@pytest.mark.parametrize(
    ("time", "date"),
    [("25:00:00", "2022-10-07"), ("10:00:00", "2022-02-30"), ("10:00", "2022-10-07"), ("10:00:00", "7.10.22")],
)
def test_load_samld__no_such_time__is_refused(tmp_path: Path, time: str, date: str) -> None:
    row = [time, date, *["1", "2", "3.00", "UK pounds", "UK pounds", "UK", "UK", "ACH", "0", "Normal_Group"]]
    with pytest.raises(DataInvalid) as caught:
        load_samld(write_csv(tmp_path / "SAML-D.csv", SAMLD, [row]))
    assert caught.value.row == 2


def test_load_paysim__steps__are_hours(tmp_path: Path) -> None:
    rows = [
        "1,PAYMENT,9839.64,C1231006815,170136.0,160296.36,M1979787155,0.0,0.0,0,0",
        "743,TRANSFER,181.0,C1305486145,181.0,0.0,C553264065,0.0,0.0,1,0",
    ]
    path = write_csv(tmp_path / "PS_20174392719_1491204439457_log.csv", PAYSIM, [row.split(",") for row in rows])
    found = load_paysim(path)
    assert found.time.tolist() == [3_600, 743 * 3_600]
    assert found.units.tolist() == [983_964, 18_100]
    assert found.label.tolist() == [0, 1]
    write_csv(path, PAYSIM, [row.split(",") for row in reversed(rows)])
    with pytest.raises(DataInvalid, match="older") as caught:
        load_paysim(tmp_path)
    assert (caught.value.row, caught.value.column) == (3, "step")
