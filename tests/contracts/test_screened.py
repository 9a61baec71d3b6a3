"""Screened: a third party's vault, gated as an integrator would gate it."""

from __future__ import annotations

from typing import Any

from conftest import DELAY, System
from support import DOLLAR, refused, signer_account


def test_screened_vault__oracle_objects__withdrawal_reverts_with_its_reason(
    system: System, project: Any, accounts: Any
) -> None:
    # By an account of its own: ape remembers what stood at an address in an earlier, reverted test.
    vault = accounts[9].deploy(project.ScreenedVault, system.oracle, system.token)
    assert vault.fraudOracle() == system.oracle
    system.token.approve(vault, 50 * DOLLAR, sender=system.payer)
    vault.deposit(50 * DOLLAR, sender=system.payer)
    vault.withdraw(system.payee, 20 * DOLLAR, sender=system.payer)
    system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
    with refused(
        vault.ScreeningRefused, recipient=system.payee.address, riskScore=100, reason="the recipient is blacklisted"
    ):
        vault.withdraw(system.payee, 20 * DOLLAR, sender=system.payer)
    vault.withdraw(system.payer, 30 * DOLLAR, sender=system.payer)
    with refused(vault.NotEnoughDeposited, deposited=0, wanted=1):
        vault.withdraw(system.payer, 1, sender=system.payer)
    with refused(vault.InvalidFraudOracle):
        accounts[9].deploy(project.ScreenedVault, system.stranger, system.token)


def test_should_approve__lists_of_the_engine_and_scores_of_verdicts__count_at_any_quorum(council: System) -> None:
    ask = council.oracle.shouldApproveTransaction
    assert tuple(ask(council.payer, council.payee, 1)) == (True, 0, "no party is known for risk")
    council.settle(council.pay(), 70)
    for parties in ((council.payer, council.payee), (council.payee, council.payer)):
        found = ask(*parties, 1)
        assert (found.approved, found.riskScore) == (False, 70)
    council.settle(council.pay(), 30)
    assert ask(council.payer, council.payee, 1).approved
    for step, undo, reason in (
        (council.compliance.freezeAccount, council.compliance.releaseAccount, "account is frozen by compliance"),
        (council.compliance.sanction, council.compliance.unsanction, "is sanctioned"),
    ):
        for number, party in enumerate((council.payer, council.payee)):
            step(party, "test", sender=council.officer)
            found = ask(council.payer, council.payee, 1)
            assert (found.approved, found.riskScore) == (False, 100)
            assert found.reason.startswith(("the sender", "the recipient")[number])
            assert reason in found.reason
            undo(party, "over", sender=council.officer)
    assert ask(council.payer, council.payee, 1).approved


def test_should_approve__whitelisted_sender_who_is_sanctioned__refused(system: System) -> None:
    system.change(system.oracle, system.oracle.whitelistWallet.encode_input(system.payer))
    system.settle(system.pay(), 70)
    assert tuple(system.oracle.shouldApproveTransaction(system.payer, system.payee, 1))[:2] == (True, 0)
    system.compliance.sanction(system.payer, "test", sender=system.officer)
    assert not system.oracle.shouldApproveTransaction(system.payer, system.payee, 1).approved


def test_should_approve__engine_that_does_not_answer__says_no(system: System, project: Any) -> None:
    broken = system.admin.deploy(project.NonsenseModule, system.core)
    system.change(system.core, system.core.setCompliance.encode_input(broken))
    broken.setBroken(True, sender=system.admin)
    assert tuple(system.oracle.shouldApproveTransaction(system.payer, system.payee, 1)) == (
        False,
        100,
        "the compliance engine does not answer",
    )


def test_should_approve__oracle_that_the_core_does_not_use__hears_the_cores_engine_all_the_same(
    system: System, project: Any
) -> None:
    setup = (system.admin, DELAY, [system.admin], [signer_account(99).address], 1, (20, 40, 60, 80), 86_400)
    newer = system.admin.deploy(project.FraudOracle, (*setup, system.core))
    system.compliance.sanction(system.payee, "test", sender=system.officer)
    for oracle in (system.oracle, newer):
        assert not oracle.shouldApproveTransaction(system.payer, system.payee, 1).approved
    system.change(system.core, system.core.setOracle.encode_input(newer))
    assert not system.oracle.shouldApproveTransaction(system.payer, system.payee, 1).approved
    unbound = system.admin.deploy(
        project.PayFlowCore,
        (
            system.admin,
            DELAY,
            [system.admin],
            [system.reviewer],
            [system.officer],
            [system.admin],
            system.admin,
            60,
            60,
            [],
        ),
    )
    early = system.admin.deploy(project.FraudOracle, (*setup, unbound))
    assert tuple(early.shouldApproveTransaction(system.payer, system.payee, 1)) == (
        False,
        100,
        "the core has no compliance engine yet",
    )
