"""Decisions about payments."""

from oracle.node import Stage
from oracle.node.plan import RetryPolicy, groups, most_in_common, turn_of
from oracle.signing import RiskReport, SignedBatch
from tests.oracle.store.test_journal import a_payment


def test_after__refusals_in_a_row__wait_doubles_up_to_the_longest_and_is_stuck_at_the_limit() -> None:
    policy = RetryPolicy(first=2, longest=10, limit=4)
    found = [policy.after(refusals, now=1_000) for refusals in range(1, 6)]
    assert [(stage, (at - 1_000) / 1000) for stage, at in found] == [
        (Stage.WAITING, 2),
        (Stage.WAITING, 4),
        (Stage.WAITING, 8),
        (Stage.STUCK, 10),
        (Stage.STUCK, 10),
    ]


def test_after__a_thousand_refusals__does_not_overflow() -> None:
    assert RetryPolicy(first=0.05, longest=300, limit=8).after(1_000, now=0) == (Stage.STUCK, 300_000)


def test_groups__refused_ones_go_alone__fresh_ones_together() -> None:
    fresh = [a_payment(number).payment for number in range(5)]
    again = [a_payment(number, refusals=1).payment for number in range(5, 7)]
    found = groups([*again, *fresh], size=3)
    assert [[row.block for row in group] for group in found] == [[0, 1, 2], [3, 4], [5], [6]]


def test_turn_of__any_payment__each_signer_has_a_place_of_its_own_and_the_first_one_changes() -> None:
    signers = ["0xa", "0xb", "0xc"]
    firsts = set()
    for number in range(30):
        turns = {one: turn_of(one, signers, f"0x{number}") for one in signers}
        assert sorted(turns.values()) == [0, 1, 2]
        firsts.add(min(turns, key=lambda one: turns[one]))
    assert firsts == set(signers)
    assert turn_of("0xd", signers, "0x1") in range(4)  # a signer that came after the deployment


def test_most_in_common__peers_that_know_different_payments__the_largest_set_that_enough_signed() -> None:
    def batch(signer: str, *ids: int) -> SignedBatch:
        return SignedBatch(tuple(a_report(number) for number in ids), "", signer, "")

    few, many = [batch("a", 1), batch("b", 1)], [batch("c", 1, 2, 3), batch("d", 1, 2, 3)]
    alone = batch("e", 1, 2, 3, 4)
    assert most_in_common([*few, alone, *many], 2) == many
    assert most_in_common([*few, alone, *many], 1) == [alone]
    assert most_in_common([alone, *few], 2) == few
    assert most_in_common([alone, batch("f", 2)], 2) == []
    assert most_in_common([], 1) == []


def a_report(number: int) -> RiskReport:
    some = "0x" + "22" * 32
    return RiskReport(f"0x{number:064x}", 0, 0, 0, 0, 0, 0, 0, some, some, 1, 2)
