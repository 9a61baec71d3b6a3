"""Screened: a third party's vault, gated as an integrator would gate it."""

from __future__ import annotations

from typing import Any

from conftest import System
from support import DOLLAR, refused


def test_screened_vault__oracle_objects__withdrawal_reverts_with_its_reason(
    system: System, project: Any, accounts: Any
) -> None:
    # By an account of its own: ape remembers what stood at an address in an earlier, reverted test.
    vault = accounts[9].deploy(project.ScreenedVault, system.oracle, system.token)
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
