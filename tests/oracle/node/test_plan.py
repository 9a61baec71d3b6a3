"""Decisions about payments."""

from oracle.node import Stage
from oracle.node.plan import RetryPolicy, groups, most_in_common, shared, turn_of
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


def test_groups__the_same_haste__together_up_to_the_size_in_the_given_order() -> None:
    rows = [a_payment(number, settle_deadline=4_000 + number).payment for number in (2, 0, 1, 4, 3)]
    assert [[row.block for row in group] for group in groups(rows, size=3, now=1_000)] == [[2, 0, 1], [4, 3]]


def test_groups__some_near_their_deadlines__none_shares_with_one_that_has_half_its_time_or_less() -> None:
    left = [3_000, 127, 5, 64, 63, 1, 15, 16, 128]
    rows = [a_payment(number, settle_deadline=1_000 + seconds).payment for number, seconds in enumerate(left)]
    found = [[row.settle_deadline - 1_000 for row in group] for group in groups(rows, size=50, now=1_000)]
    assert found == [[5, 1, 15], [16], [63], [127, 64], [3_000, 128]]


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
    few, many = [batch("a", 1), batch("b", 1)], [batch("c", 1, 2, 3), batch("d", 1, 2, 3)]
    alone = batch("e", 1, 2, 3, 4)
    assert most_in_common([*few, alone, *many], 2) == many
    assert most_in_common([*few, alone, *many], 1) == [alone]
    assert most_in_common([alone, *few], 2) == few
    assert most_in_common([alone, batch("f", 2)], 2) == []
    assert most_in_common([], 1) == []


def test_shared__peers_that_know_different_payments__what_goes_what_is_asked_again_and_what_waits() -> None:
    rows = [a_payment(number).payment for number in range(5)]

    def numbers(*batches: SignedBatch, needed: int) -> list[list[int]]:
        found = shared(rows, batches, needed)
        return [[row.block for row in part] for part in (found.together, found.again, found.missing)]

    honest, hostile = batch("b", 0, 1, 2), batch("h", 1, 2, 3, 4)
    assert numbers(honest, hostile, needed=1) == [[1, 2, 3, 4], [0], []]
    assert numbers(honest, needed=1) == [[0, 1, 2], [], [3, 4]]
    assert numbers(honest, batch("c", 1, 2, 3), needed=2) == [[], [1, 2], [0, 3, 4]]
    assert numbers(needed=1) == [[], [], [0, 1, 2, 3, 4]]


def batch(signer: str, *ids: int) -> SignedBatch:
    return SignedBatch(tuple(a_report(number) for number in ids), "", signer, "")


def a_report(number: int) -> RiskReport:
    some = "0x" + "22" * 32
    return RiskReport(f"0x{number:064x}", 0, 0, 0, 0, 0, 0, 0, some, some, 1, 2)
