"""Doors: who is let in, what a pause closes, and that no token gets in while another call is under way."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import System
from support import DOLLAR, STATUS, Terms, refused

REENTERED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()
SENDS_NOTHING_ON = bytes.fromhex("3660641060125760005460005260206000f35b600160005500")
"""A token that lets itself be authorised and then does not transfer: a call of more than 100 bytes (the authorisation)
stores 1, and every other one (decimals, balances, transfer) returns what is stored.

CALLDATASIZE, PUSH1 100, LT, PUSH1 18, JUMPI; PUSH1 0, SLOAD, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN;
JUMPDEST, PUSH1 1, PUSH1 0, SSTORE, STOP
"""


def ways_in(system: System, terms: Terms) -> dict[str, tuple[Any, ...]]:
    """Arguments for every function of the core that is guarded against reentrance."""
    payment, reports = terms.tuple(), system.signed(system.report(terms))
    permit, authorization = (2**40, 27, bytes(32), bytes(32)), (0, 2**40, bytes(65))
    alone = (terms.recipient, terms.token, terms.amount, terms.ref)
    return {
        "createPayment": alone,
        "createPaymentWithPermit": (*alone, *permit),
        "createPaymentWithAuthorization": (payment, *authorization),
        "createPaymentFor": (payment, 2**40, bytes(65)),
        "revokeReference": (terms.ref,),
        "settleNow": (payment, reports),
        "settleBatch": ([payment], []),
        "executePayment": (system.id(terms),),
        "executeWhitelisted": (payment,),
        "payInstant": (payment, reports),
        "payInstantWithPermit": (payment, reports, *permit),
        "payInstantWithAuthorization": (payment, reports, *authorization),
        "cancel": (payment,),
        "reclaim": (payment,),
        "releaseFrozen": (payment,),
        "approve": (payment, ""),
        "reject": (payment, ""),
    }


@pytest.fixture
def moody(system: System, project: Any) -> Any:
    """A listed token that calls back, with the payer funded."""
    token = system.admin.deploy(project.MoodyToken)
    system.change(system.core, system.core.listToken.encode_input(token))
    token.mint(system.payer, 10_000 * DOLLAR, sender=system.admin)
    token.approve(system.core, 2**256 - 1, sender=system.payer)
    return token


def test_every_way_in__token_calls_back_from_its_transfer__reentrance_is_refused(system: System, moody: Any) -> None:
    for name, arguments in ways_in(system, system.pay()).items():
        call = getattr(system.core, name).encode_input(*arguments)
        moody.setCallback(system.core, call, sender=system.admin)
        terms = system.pay(system.terms(token=moody.address))
        assert not moody.callbackSucceeded(), name
        assert bytes(moody.callbackAnswer())[:4].hex() == REENTERED, name
        assert STATUS[system.status(terms)] == "Pending"


@pytest.mark.parametrize(
    "outer", ["settleNow", "settleBatch", "executeWhitelisted", "cancel", "reclaim", "approve", "reject", "payInstant"]
)
def test_every_way_out__token_calls_back_from_its_transfer__reentrance_is_refused(
    system: System, moody: Any, outer: str
) -> None:
    core, terms = system.core, system.terms(token=moody.address)
    if outer != "payInstant":
        system.pay(terms)
    if outer in ("approve", "reject"):
        system.settle(terms, 70)
    if outer == "executeWhitelisted":
        system.change(system.oracle, system.oracle.whitelistWallet.encode_input(system.payer))
    if outer == "reclaim":
        system.wait(3601)
    report = system.report(terms)
    batch = ([report.tuple()], system.domain.sign_batch([report], *system.signers))
    moody.setCallback(core, core.revokeReference.encode_input(terms.ref), sender=system.admin)
    {
        "settleNow": lambda: core.settleNow(terms.tuple(), system.signed(report), sender=system.stranger),
        "settleBatch": lambda: core.settleBatch([terms.tuple()], [batch], sender=system.stranger),
        "executeWhitelisted": lambda: core.executeWhitelisted(terms.tuple(), sender=system.stranger),
        "cancel": lambda: core.cancel(terms.tuple(), sender=system.payer),
        "reclaim": lambda: core.reclaim(terms.tuple(), sender=system.stranger),
        "approve": lambda: core.approve(terms.tuple(), "", sender=system.reviewer),
        "reject": lambda: core.reject(terms.tuple(), "", sender=system.reviewer),
        "payInstant": lambda: core.payInstant(
            terms.tuple(), system.signed(system.instant_report(terms)), sender=system.payer
        ),
    }[outer]()
    assert moody.mood() == 0, "it has called back"
    assert bytes(moody.callbackAnswer())[:4].hex() == REENTERED
    assert not core.isReferenceUsed(moody, terms.ref)


def test_pause__every_way_in_and_every_settlement__is_closed(system: System) -> None:
    terms, held = system.pay(), system.held()
    closed = ["createPayment", "createPaymentWithPermit", "createPaymentWithAuthorization"]
    closed += ["settleNow", "settleBatch", "executePayment", "executeWhitelisted"]
    closed += ["payInstant", "payInstantWithPermit", "payInstantWithAuthorization"]
    arguments = ways_in(system, terms)
    system.core.pause(sender=system.admin)
    for name in closed:
        with refused(system.core.EnforcedPause):
            getattr(system.core, name)(*arguments[name], sender=system.payer)
    with refused(system.core.EnforcedPause):
        system.core.approve(held.tuple(), "", sender=system.reviewer)


def test_scheduled_functions__called_directly_by_the_admin__revert(system: System) -> None:
    core, oracle, engine = system.core, system.oracle, system.compliance
    role = core.RISK_ADMIN_ROLE()
    for contract, function, arguments in (
        (core, core.listToken, (system.token,)),
        (core, core.setOracle, (oracle,)),
        (core, core.setCompliance, (engine,)),
        (core, core.setWindows, (60, 60)),
        (core, core.grantRole, (role, system.stranger)),
        (oracle, oracle.whitelistWallet, (system.payer,)),
        (oracle, oracle.unblacklistWallet, (system.payer,)),
        (oracle, oracle.grantRole, (role, system.stranger)),
        (engine, engine.setSanctionsSource, (system.token,)),
        (engine, engine.grantRole, (role, system.stranger)),
    ):
        for caller in (system.admin, system.stranger):
            with refused(contract.OnlyScheduled, caller=caller.address):
                function(*arguments, sender=caller)


def test_tightening__by_a_stranger__reverts(system: System) -> None:
    oracle, engine = system.oracle, system.compliance
    for contract, function, arguments in (
        (oracle, oracle.setThresholds, ((10, 20, 30, 40),)),
        (oracle, oracle.setQuorum, (2,)),
        (oracle, oracle.setMaxReportLifetime, (60,)),
        (engine, engine.setTier, (0, (1, 1, 1, True))),
        (engine, engine.setTravelRule, (1,)),
    ):
        with refused(contract.AccessControlUnauthorizedAccount, account=system.stranger.address):
            function(*arguments, sender=system.stranger)


def test_default_admin__by_a_scheduled_grant__is_refused(system: System) -> None:
    for contract in (system.core, system.oracle, system.compliance):
        call = contract.grantRole.encode_input(bytes(32), system.stranger)
        with refused(contract.AccessControlEnforcedDefaultAdminRules):
            system.change(contract, call)


def test_release_frozen__payment_that_is_not_frozen__reverts(system: System) -> None:
    pending, held, settled = system.pay(), system.held(), system.pay()
    system.settle(settled)
    for terms, status in ((pending, "Pending"), (held, "Held"), (settled, "Settled")):
        with refused(system.core.WrongStatus, status=STATUS.index(status), expected=STATUS.index("Frozen")):
            system.core.releaseFrozen(terms.tuple(), sender=system.officer)


def test_suspend_token__that_takes_no_payments_anyhow__reverts(system: System) -> None:
    system.core.suspendToken(system.token, sender=system.admin)
    for token, standing in ((system.token, 2), (system.payee, 1)):
        with refused(system.core.TokenRefused, token=token.address, standing=standing):
            system.core.suspendToken(token, sender=system.admin)


def test_permit__for_what_is_no_token__refused_before_it_is_called(system: System) -> None:
    permit = (2**40, 27, bytes(32), bytes(32))
    terms = system.terms(token=system.stranger.address)
    with refused(system.core.TokenRefused, token=terms.token, standing=1):
        system.core.createPaymentWithPermit(
            terms.recipient, terms.token, terms.amount, terms.ref, *permit, sender=system.payer
        )
    with refused(system.core.TokenRefused, token=terms.token, standing=1):
        system.core.payInstantWithPermit(
            terms.tuple(), system.signed(system.instant_report(terms)), *permit, sender=system.payer
        )


def test_authorization__token_that_takes_it_and_moves_nothing__refused(system: System, project: Any) -> None:
    token = system.admin.deploy(project.NonsenseModule, system.core)
    token.setAnswer((6).to_bytes(32, "big"), sender=system.admin)
    system.change(system.core, system.core.listToken.encode_input(token))
    terms = system.terms(token=token.address)
    signed = (0, 2**40, bytes(65))
    with refused(system.core.TokenChargedFee, token=token.address, expected=terms.amount, received=0):
        system.core.createPaymentWithAuthorization(terms.tuple(), *signed, sender=system.stranger)
    for answer in (b"", bytes(31)):
        token.setAnswer(answer, sender=system.admin)
        with refused(system.core.BalanceUnknown, token=token.address, holder=system.core.address):
            system.core.createPaymentWithAuthorization(terms.tuple(), *signed, sender=system.stranger)
    token.setBroken(True, sender=system.admin)
    with refused(system.core.BalanceUnknown, token=token.address, holder=system.core.address):
        system.pay(terms)


def test_pay_instant_with_authorization__recipient_gets_less__refused(system: System) -> None:
    token = "0x" + "70" * 20
    system.chain.provider.make_request("anvil_setCode", [token, "0x" + SENDS_NOTHING_ON.hex()])
    system.change(system.core, system.core.listToken.encode_input(token))
    terms = system.terms(1, token=token)
    signed = system.signed(system.instant_report(terms))
    with refused(system.core.TokenChargedFee, token=token, expected=1, received=0):
        system.core.payInstantWithAuthorization(terms.tuple(), signed, 0, 2**40, bytes(65), sender=system.stranger)
