"""What views answer, and the second way of conditions that other tests take one way only."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import DELAY, LIFETIME, UNLIMITED, System
from support import DOLLAR, refused


def test_views__fresh_deployment__answer_what_was_configured(system: System) -> None:
    assert system.compliance.UNLIMITED() == UNLIMITED
    assert system.compliance.core() == system.oracle.core() == system.core.address
    assert system.core.binder() == system.admin.address
    assert system.compliance.travelRuleCents() == 100_000
    assert not system.compliance.isJurisdictionBlocked(756)
    assert list(system.oracle.signers()) == [key.address for key in system.signers]
    assert system.oracle.maxReportLifetime() == LIFETIME
    assert system.oracle.getAnalysis(bytes(32)).recordedAt == 0
    assert system.core.changeDelay() == DELAY


def test_risk_profile__account_without_verdicts__is_all_zero(system: System) -> None:
    profile = system.compliance.riskProfile(system.stranger)
    assert (profile.last, profile.peak, profile.average, profile.count) == (0, 0, 0, 0)


def test_change_ready_at__scheduled_and_not__says_when(system: System) -> None:
    call = system.core.setWindows.encode_input(60, 60)
    receipt = system.core.scheduleChange(call, sender=system.admin)
    change = receipt.decode_logs(system.core.ChangeScheduled)[0].changeId
    assert system.core.changeReadyAt(change) == receipt.timestamp + DELAY
    assert system.core.changeReadyAt(bytes(32)) == 0


@pytest.mark.parametrize("tier", [3, 16, 2**255])
def test_set_tier__beyond_the_next_one__refused(system: System, tier: int) -> None:
    with refused(system.compliance.UnknownTier, tier=tier):
        system.compliance.setTier(tier, (1, 1, 1, True), sender=system.admin)


def test_set_tier__reopening_a_closed_one__waits(system: System) -> None:
    limits = tuple(system.compliance.tierLimits(0))[:3]
    system.compliance.setTier(0, (*limits, False), sender=system.admin)
    with refused(system.compliance.LooseningWaits, what="tier"):
        system.compliance.setTier(0, (*limits, True), sender=system.admin)
    system.compliance.setTier(0, (*limits, False), sender=system.admin)


def test_signer_role__granted_twice_and_revoked_twice__set_is_changed_once(council: System) -> None:
    role = council.oracle.AI_ORACLE_ROLE()
    holder, count = council.signers[0].address, council.oracle.signerCount()
    council.change(council.oracle, council.oracle.grantRole.encode_input(role, holder))
    assert council.oracle.signerCount() == count
    council.oracle.revokeRole(role, holder, sender=council.admin)
    council.oracle.revokeRole(role, holder, sender=council.admin)
    assert council.oracle.signerCount() == count - 1
    assert holder not in list(council.oracle.signers())


def test_other_roles__granted_and_revoked__leave_the_signers_alone(council: System) -> None:
    role = council.oracle.RISK_ADMIN_ROLE()
    before = list(council.oracle.signers())
    council.change(council.oracle, council.oracle.grantRole.encode_input(role, council.stranger))
    council.oracle.revokeRole(role, council.stranger, sender=council.admin)
    assert list(council.oracle.signers()) == before


def test_schedule__by_who_may_not_propose__refused(system: System) -> None:
    for call in (
        system.oracle.whitelistWallet.encode_input(system.payer),
        system.oracle.setQuorum.encode_input(1),
    ):
        with refused(system.oracle.ProposalRefused, caller=system.stranger.address):
            system.oracle.scheduleChange(call, sender=system.stranger)
    for call in (system.core.listToken.encode_input(system.token), system.core.setWindows.encode_input(60, 60)):
        with refused(system.core.ProposalRefused, caller=system.stranger.address):
            system.core.scheduleChange(call, sender=system.stranger)


def test_schedule__by_a_risk_admin_who_is_no_admin__tokens_and_lists_only(system: System) -> None:
    for contract, allowed, other in (
        (system.core, system.core.listToken.encode_input(system.token), system.core.setWindows.encode_input(60, 60)),
        (
            system.oracle,
            system.oracle.whitelistWallet.encode_input(system.payer),
            system.oracle.setQuorum.encode_input(1),
        ),
    ):
        system.change(contract, contract.grantRole.encode_input(contract.RISK_ADMIN_ROLE(), system.stranger))
        contract.scheduleChange(allowed, sender=system.stranger)
        with refused(contract.ProposalRefused, caller=system.stranger.address):
            contract.scheduleChange(other, sender=system.stranger)


def test_should_approve__risk_of_either_party__the_higher_one_counts(system: System, accounts: Any) -> None:
    node = accounts[8]
    system.change(system.oracle, system.oracle.grantRole.encode_input(system.oracle.AI_ORACLE_ROLE(), node))
    for payer, payee in ((70, 10), (10, 70), (30, 30)):
        system.oracle.updateRiskScore(system.payer, payer, bytes(32), sender=node)
        system.oracle.updateRiskScore(system.payee, payee, bytes(32), sender=node)
        assert system.oracle.shouldApproveTransaction(system.payer, system.payee, 1).riskScore == max(payer, payee)


@pytest.mark.parametrize(("change", "received"), [(1, 101), (-40, 60), (-500, 0)])
def test_create_payment__token_changes_what_the_core_holds__refused(
    system: System, project: Any, change: int, received: int
) -> None:
    token = system.admin.deploy(project.WarpingToken)
    system.change(system.core, system.core.listToken.encode_input(token))
    for account in (system.payer, system.core):
        token.mint(account, 1_000 * DOLLAR, sender=system.admin)
    token.approve(system.core, 2**256 - 1, sender=system.payer)
    token.setChange(change * DOLLAR, sender=system.admin)
    terms = system.terms(token=token.address)
    with refused(system.core.TokenChargedFee, token=token.address, expected=terms.amount, received=received * DOLLAR):
        system.pay(terms)


def test_list_token__accepted_already_or_with_too_many_decimals__refused(system: System, project: Any) -> None:
    odd = system.admin.deploy(project.NonsenseModule, system.core)
    odd.setAnswer((25).to_bytes(32, "big"), sender=system.admin)
    for token in (system.token, odd):
        call = system.core.listToken.encode_input(token)
        system.core.scheduleChange(call, sender=system.admin)
        system.wait(DELAY)
        with refused(system.core.TokenCannotBeListed, token=token.address):
            system.core.executeChange(call, sender=system.admin)


def test_isolated__failure_inside__is_undone_and_fails_outside(system: System) -> None:
    terms = system.terms()

    def fail() -> None:
        with system.isolated():
            system.pay(terms)
            raise AssertionError("inside")

    with pytest.raises(AssertionError, match="inside"):
        fail()
    assert system.status(terms) == 0
