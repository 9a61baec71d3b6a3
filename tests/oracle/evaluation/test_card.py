"""What the benchmarks of the model card say of shares, limits and goals."""

from typing import Any

import pytest

from benchmarks import poisoning_page, sanctions
from benchmarks.shares import at_most, interval, wilson


def test_at_most__without_a_hit__is_what_twenty_to_one_rules_out() -> None:
    for of in (10, 97_984, 299_572):
        assert at_most(0, of) == pytest.approx(1 - 0.05 ** (1 / of))
    assert at_most(0, poisoning_page.NEEDED) <= 1e-5 < at_most(0, poisoning_page.NEEDED - 1)
    assert at_most(1, 100) > at_most(0, 100)


def test_interval__of_all_and_of_none__ends_at_the_border() -> None:
    assert interval(1_225, 1_225, decimals=2) == "100.00% (99.69%–100.00%)"
    assert wilson(0, 50)[0] == 0.0
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert interval(0, 0) == "–"


@pytest.mark.parametrize(("of", "said"), [(97_984, "That does not show the goal"), (400_000, "That shows the goal")])
def test_poisoning_card__no_false_alarm__is_held_against_what_so_many_payments_can_show(of: int, said: str) -> None:
    limits = {f"poisoning{part}_at_most_per_100000": 1e5 * at_most(0, of) for part in ("", "_outgoing")}
    counts = dict.fromkeys(("poisoning", "mistyped", "poisoning_outgoing", "mistyped_outgoing"), 0)
    rates = dict.fromkeys(("poisoning_per_100000", "mistyped_per_100000", "expected_by_chance_per_100000"), 0.0)
    ordinary = {"all": of, "outgoing": of, "outgoing_of_reported": 7, **counts, **limits, **rates}
    chain = {"payoffs": 1_225, "stories": {"paid before": {"recognised": 1_224}}}
    text = "\n".join(poisoning_page.card({"ordinary": ordinary, "ethereum": chain}))
    assert said in text
    assert "| paid before | 99.92% (99.54%–99.99%) |" in text


def test_sanctions_card__list_that_blocks_a_token__has_missed() -> None:
    def part(wrong: int) -> dict[str, Any]:
        plain: dict[str, Any] = dict.fromkeys(("payments", "blocked"), 9)
        plain["blocked_for_null_burn_token_service_or_exchange"] = wrong
        plain["blocked_for"] = [{"address": "0x7", "payments": 1, "as": ["blacklisted"], "wrongly": bool(wrong)}]
        listed = {"listed": 156, "as_sender": 156, "as_recipient": 156}
        return {"entries": {"sanctioned": 156}, "listed_addresses": listed, "ordinary": plain}

    lines = list(sanctions.card({"official": part(0), "labelled": part(1)}))
    assert lines[2].endswith("| 0 | reached |")
    assert lines[3].endswith("| 1 | **missed** |")
    assert "`labelled` misses the goal: it blocks 1 ordinary payment for `0x7`, blacklisted." in lines[4]
