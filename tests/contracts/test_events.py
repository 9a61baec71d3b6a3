"""What is published: every event of every change with all of its arguments, as far as no other test reads them."""

from __future__ import annotations

from typing import Any

from conftest import LIFETIME, REVIEW_WINDOW, SETTLE_WINDOW, ZERO, System
from eth_utils import keccak
from support import STATUS, events, only


def test_compliance_lists__every_change__says_whom_by_whom_and_why(system: System) -> None:
    engine, account, by = system.compliance, system.payee.address, system.officer.address
    for function, event, standing in (
        (engine.sanction, engine.Sanctioned, (True, False)),
        (engine.unsanction, engine.Unsanctioned, (False, False)),
        (engine.freezeAccount, engine.AccountFrozen, (False, True)),
        (engine.releaseAccount, engine.AccountReleased, (False, False)),
    ):
        receipt = function(account, "case 7", sender=system.officer)
        only(receipt, event, account=account, by=by, reason="case 7")
        assert tuple(engine.standing(account)) == (*standing, False, 0, 0)
    receipt = engine.classify(account, 1, 756, sender=system.officer)
    only(receipt, engine.AccountClassified, account=account, tier=1, jurisdiction=756)
    assert tuple(engine.standing(account)) == (False, False, False, 1, 756)
    for blocked in (True, False):
        receipt = engine.setJurisdictionBlocked(756, blocked, sender=system.officer)
        only(receipt, engine.JurisdictionChanged, jurisdiction=756, blocked=blocked)
        assert engine.isJurisdictionBlocked(756) == blocked


def test_compliance_limits__every_change__says_what_was_and_what_is(system: System, project: Any) -> None:
    engine, limits = system.compliance, (1, 2, 3, True)
    changed = only(engine.setTier(0, limits, sender=system.admin), engine.TierChanged, tier=0)
    assert tuple(changed.limits) == limits
    receipt = engine.setTravelRule(70_000, sender=system.admin)
    only(receipt, engine.TravelRuleChanged, previous=100_000, cents=70_000)
    source = system.admin.deploy(project.TestSanctionsSource).address
    for previous, present in ((ZERO, source), (source, ZERO)):
        receipt = system.change(engine, engine.setSanctionsSource.encode_input(present))
        only(receipt, engine.SanctionsSourceChanged, previous=previous, source=present)


def test_oracle_settings__every_change__says_what_was_and_what_is(system: System) -> None:
    oracle = system.oracle
    changed = only(oracle.setThresholds((10, 30, 50, 70), sender=system.admin), oracle.ThresholdsChanged)
    assert (tuple(changed.previous), tuple(changed.thresholds)) == ((20, 40, 60, 80), (10, 30, 50, 70))
    receipt = oracle.setMaxReportLifetime(3600, sender=system.admin)
    only(receipt, oracle.MaxReportLifetimeChanged, previous=LIFETIME, lifetime=3600)
    assert oracle.maxReportLifetime() == 3600


def test_oracle_lists__every_change__is_published_and_mirrored(system: System) -> None:
    oracle, engine, wallet = system.oracle, system.compliance, system.payee.address
    receipt = oracle.blacklistWallet(wallet, "scam 12", sender=system.admin)
    only(receipt, oracle.WalletBlacklisted, wallet=wallet, by=system.admin.address, reason="scam 12")
    only(receipt, engine.BlacklistMirrored, wallet=wallet, listed=True)
    receipt = oracle.mirrorBlacklist([system.payer, wallet], sender=system.stranger)
    only(receipt, engine.BlacklistMirrored, wallet=wallet, listed=True)
    receipt = system.change(oracle, oracle.unblacklistWallet.encode_input(wallet))
    only(receipt, oracle.WalletUnblacklisted, wallet=wallet)
    only(receipt, engine.BlacklistMirrored, wallet=wallet, listed=False)
    assert not events(receipt, oracle.BlacklistNotMirrored)
    receipt = system.change(oracle, oracle.whitelistWallet.encode_input(wallet))
    only(receipt, oracle.WalletWhitelisted, wallet=wallet)
    receipt = oracle.unwhitelistWallet(wallet, sender=system.admin)
    only(receipt, oracle.WalletUnwhitelisted, wallet=wallet, by=system.admin.address)


def test_core_settings__every_change__says_what_was_and_what_is(system: System, project: Any) -> None:
    core = system.core
    token = system.admin.deploy(project.MoodyToken)
    receipt = system.change(core, core.listToken.encode_input(token))
    only(receipt, core.TokenListed, token=token.address, index=1, decimals=6)
    receipt = core.suspendToken(token, sender=system.admin)
    only(receipt, core.TokenSuspended, token=token.address, by=system.admin.address)
    receipt = system.change(core, core.listToken.encode_input(token))
    only(receipt, core.TokenListed, token=token.address, index=1, decimals=6)
    assert tuple(core.checkToken(token)) == (0, "the token is accepted")
    assert tuple(core.windows()) == (SETTLE_WINDOW, REVIEW_WINDOW)
    receipt = system.change(core, core.setWindows.encode_input(61, 62))
    only(receipt, core.WindowsChanged, settleWindow=61, reviewWindow=62)
    assert tuple(core.windows()) == (61, 62)
    part = system.admin.deploy(project.NonsenseModule, core)
    receipt = system.change(core, core.setOracle.encode_input(part))
    only(receipt, core.OracleChanged, previous=system.oracle.address, oracle=part.address)
    receipt = system.change(core, core.setCompliance.encode_input(part))
    only(receipt, core.ComplianceChanged, previous=system.compliance.address, compliance=part.address)
    assert (core.oracle(), core.compliance()) == (part.address, part.address)


def test_change__withdrawn_or_made__says_which_and_by_whom(system: System) -> None:
    call = system.oracle.setQuorum.encode_input(1)
    change = keccak(call)
    system.oracle.scheduleChange(call, sender=system.admin)
    receipt = system.oracle.cancelChange(call, sender=system.admin)
    only(receipt, system.oracle.ChangeCancelled, changeId=change, by=system.admin.address)
    assert system.oracle.changeReadyAt(change) == 0
    receipt = system.change(system.oracle, call)
    only(receipt, system.oracle.ChangeExecuted, changeId=change, by=system.admin.address)


def test_review__every_way_out__says_who_decided_and_what_became_of_it(system: System) -> None:
    core, reviewer = system.core, system.reviewer
    for call, status in ((core.approve, "Settled"), (core.reject, "Rejected")):
        terms = system.held()
        receipt = call(terms.tuple(), "note", sender=reviewer)
        made = {"paymentId": system.id(terms), "reviewer": reviewer.address, "note": "note"}
        only(receipt, core.PaymentReviewed, status=STATUS.index(status), **made)
        assert STATUS[system.status(terms)] == status
    terms = system.held()
    system.compliance.sanction(system.payer, "test", sender=system.officer)
    receipt = core.approve(terms.tuple(), "listed", sender=reviewer)
    made = {"paymentId": system.id(terms), "reviewer": reviewer.address, "note": "listed"}
    only(receipt, core.PaymentReviewed, status=STATUS.index("Frozen"), **made)
    only(receipt, core.PaymentFrozen, paymentId=system.id(terms), sender=system.payer.address)
    system.compliance.unsanction(system.payer, "over", sender=system.officer)
    receipt = core.releaseFrozen(terms.tuple(), sender=system.officer)
    only(receipt, core.PaymentReleased, paymentId=system.id(terms), by=system.officer.address)


def test_pay_instant__medium__is_published_with_every_term_and_the_whole_verdict(system: System) -> None:
    terms = system.terms()
    report = system.instant_report(terms, 50, alerts=7)
    receipt = system.core.payInstant(terms.tuple(), system.signed(report), sender=system.payer)
    only(
        receipt,
        system.core.PaymentPaidInstantly,
        paymentId=system.instant_id(terms),
        sender=terms.sender,
        recipient=terms.recipient,
        token=terms.token,
        amount=terms.amount,
        ref=terms.ref,
    )
    only(
        receipt,
        system.core.VerdictApplied,
        paymentId=system.instant_id(terms),
        status=STATUS.index("Settled"),
        score=50,
        level=2,
        alerts=7,
        modelVersion=report.modelVersion,
        evidenceHash=report.evidenceHash,
    )


def test_settle_batch__payment_that_fails__is_named_with_its_own_error(system: System) -> None:
    good, unknown = system.pay(), system.terms()
    reports = [system.report(terms) for terms in (good, unknown)]
    batch = ([report.tuple() for report in reports], system.domain.sign_batch(reports, *system.signers))
    receipt = system.core.settleBatch([good.tuple(), unknown.tuple()], [batch], sender=system.stranger)
    reason = keccak(text="PaymentUnknown(bytes32)")[:4] + system.id(unknown)
    only(receipt, system.core.SettlementSkipped, paymentId=system.id(unknown), reason=reason)
    only(receipt, system.core.VerdictApplied, paymentId=system.id(good), status=STATUS.index("Settled"))


def test_one_signer__analysis_and_alert__are_published_with_every_argument(system: System, accounts: Any) -> None:
    node, oracle, terms = accounts[8], system.oracle, system.terms()
    system.change(oracle, oracle.grantRole.encode_input(oracle.AI_ORACLE_ROLE(), node))
    made = {"transactionId": system.id(terms), "sender": terms.sender, "recipient": terms.recipient}
    for score, approved in ((60, True), (61, False)):
        receipt = oracle.analyzeTransaction(*made.values(), 2**96 - 1, *(score,) * 5, sender=node)
        only(
            receipt,
            oracle.TransactionAnalyzed,
            **made,
            amount=2**96 - 1,
            overallRisk=score,
            approved=approved,
            signer=node.address,
        )
        analysis = oracle.getAnalysis(system.id(terms))
        assert (analysis.sender, analysis.amount, analysis.score) == (terms.sender, 2**96 - 1, score)
    receipt = oracle.raiseAlert(terms.sender, system.id(terms), 9, "mixing", sender=node)
    only(
        receipt,
        oracle.AlertRaised,
        wallet=terms.sender,
        transactionId=system.id(terms),
        signer=node.address,
        alerts=9,
        details="mixing",
    )
