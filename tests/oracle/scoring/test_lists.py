import pytest

from oracle.errors import InvalidListing
from oracle.scoring import Alert, ListEntry, ListKind, RiskLevel, RiskModel, ScreeningLists
from oracle.scoring.lists import NEVER_LISTED
from tests.oracle.scoring.helpers import HOUR, TOKEN, Economy, address, findings, raised


def lists(*entries: tuple[str, ListKind]) -> ScreeningLists:
    return ScreeningLists(
        ListEntry(name if name.startswith("0x") else address(name), kind, "test") for name, kind in entries
    )


@pytest.mark.parametrize("kind", [ListKind.SANCTIONED, ListKind.BLACKLISTED])
@pytest.mark.parametrize("sides", [("bad", "alice"), ("alice", "bad")])
def test_assess__listed_party__critical(model: RiskModel, kind: ListKind, sides: tuple[str, str]) -> None:
    found = Economy(model, lists(("bad", kind))).pay(*sides, 25.0)
    assert found.level is RiskLevel.CRITICAL
    assert raised(found, Alert.SANCTIONED_INTERACTION)
    assert address("bad") in found.explanations[0].sentence
    assert "by test" in found.explanations[0].sentence


@pytest.mark.parametrize(("kind", "level"), [(ListKind.MIXER, RiskLevel.HIGH), (ListKind.SCAM, RiskLevel.HIGH)])
def test_assess__mixer_or_scam__held(model: RiskModel, kind: ListKind, level: RiskLevel) -> None:
    assert Economy(model, lists(("bad", kind))).pay("alice", "bad", 25.0).level is level


def test_assess__whitelisted_sender__zero(model: RiskModel) -> None:
    spared = Economy(model, lists(("alice", ListKind.WHITELISTED))).pay("alice", "bob", 9_500.0)
    assert (spared.overall, spared.amount, spared.alerts) == (0, 0, Alert(0))
    assert "whitelisted" in spared.explanations[0].sentence


def test_assess__whitelisted_sender_and_sanctioned_recipient__critical(model: RiskModel) -> None:
    both = lists(("alice", ListKind.WHITELISTED), ("bad", ListKind.SANCTIONED))
    assert Economy(model, both).pay("alice", "bad", 25.0).level is RiskLevel.CRITICAL


def test_assess__whitelisted_recipient__scored_as_ever(model: RiskModel) -> None:
    assert Economy(model, lists(("bob", ListKind.WHITELISTED))).pay("alice", "bob", 9_500.0).amount == 70


def test_assess__money_from_a_listed_wallet__flagged_one_hop_later(model: RiskModel) -> None:
    economy = Economy(model)
    tainted = economy.pay("bad", "alice", 900.0)
    economy.engine.use_lists(lists(("bad", ListKind.SANCTIONED)))
    onward = economy.pay("alice", "shop", 40.0, after=HOUR)
    assert onward.graph >= 70
    assert 40 < onward.overall <= 80
    assert not raised(onward, Alert.SANCTIONED_INTERACTION)
    exposed = next(one for one in findings(onward, "graph") if "One hop away" in one.sentence)
    assert exposed.payments == (tainted.payment_id,)
    assert "100.0%" in exposed.sentence


def test_assess__drop_of_listed_dust__does_not_taint(model: RiskModel) -> None:
    economy = Economy(model)
    economy.pay("employer", "alice", 5_000.0)
    economy.pay("bad", "alice", 0.01, after=HOUR)
    economy.engine.use_lists(lists(("bad", ListKind.SANCTIONED)))
    assert economy.pay("alice", "shop", 40.0, after=HOUR).overall <= 40


@pytest.mark.parametrize("other", [ListKind.TOKEN, ListKind.SERVICE, ListKind.EXCHANGE])
def test_assess__exchange_on_a_blocklist_by_mistake__not_blocked(model: RiskModel, other: ListKind) -> None:
    mistaken = lists(("hub", ListKind.BLACKLISTED), ("hub", other))
    assert Economy(model, mistaken).pay("alice", "hub", 25.0).overall <= 40


def test_assess__sanctioned_service__still_blocked(model: RiskModel) -> None:
    both = lists(("router", ListKind.SANCTIONED), ("router", ListKind.SERVICE))
    assert Economy(model, both).pay("alice", "router", 25.0).level is RiskLevel.CRITICAL


@pytest.mark.parametrize("sides", [("tornado token", "alice"), ("alice", "tornado token")])
def test_assess__sanctioned_token_contract__still_blocked(model: RiskModel, sides: tuple[str, str]) -> None:
    both = lists(("tornado token", ListKind.SANCTIONED), ("tornado token", ListKind.TOKEN))
    assert Economy(model, both).pay(*sides, 25.0).level is RiskLevel.CRITICAL


def test_assess__the_token_itself_on_a_blocklist__not_blocked(model: RiskModel) -> None:
    assert Economy(model, lists((TOKEN, ListKind.BLACKLISTED))).pay("alice", TOKEN, 25.0).overall <= 40


def test_assess__lists_exchanged__version_in_the_verdict(model: RiskModel) -> None:
    economy, after = Economy(model), lists(("bad", ListKind.SANCTIONED))
    before = economy.pay("alice", "bob", 5.0)
    economy.engine.use_lists(after)
    assert economy.pay("alice", "bob", 5.0).lists_version == after.version != before.lists_version


@pytest.mark.parametrize("name", [*NEVER_LISTED, "0x" + "0" * 39 + "4", "0x12", "alice", "0x" + "g" * 40])
def test_with_entry__null_burn_or_no_address__refused(name: str) -> None:
    with pytest.raises(InvalidListing, match=name[:12]):
        ScreeningLists().with_entry(ListEntry(name, ListKind.SANCTIONED))


def test_version__same_entries_in_any_order__same_version() -> None:
    entries = [ListEntry(address(n), ListKind.SANCTIONED, "s", f"{n}") for n in range(5)]
    assert ScreeningLists(entries).version == ScreeningLists(reversed(entries)).version
    assert ScreeningLists(entries[1:]).version != ScreeningLists(entries).version


def test_with_entry__mixed_case_address__kept_in_lower_case() -> None:
    found = ScreeningLists().with_entry(ListEntry(address("bad").upper().replace("0X", "0x"), ListKind.SCAM))
    assert found.kinds(address("bad")) == {ListKind.SCAM}


def test_without_entry__the_last_kind__address_is_gone() -> None:
    one = lists(("bad", ListKind.SCAM), ("bad", ListKind.MIXER))
    half = one.without_entry(address("bad"), ListKind.SCAM)
    assert half.kinds(address("bad")) == {ListKind.MIXER}
    assert address("bad") not in half.without_entry(address("bad"), ListKind.MIXER)
    assert half.without_entry(address("bad"), ListKind.EXCHANGE) is half
    assert len(one) == 2
