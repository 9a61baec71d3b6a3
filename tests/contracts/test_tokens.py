"""Tokens that misbehave: refused with a clear error, or harmless to everyone else."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import DELAY, System
from support import DOLLAR, STATUS, refused

RETURN_FALSE, PAUSED = 1, 2


def listed(system: System, token: Any) -> Any:
    """A token that the risk admin has listed, with the payer funded."""
    system.change(system.core, system.core.listToken.encode_input(token))
    token.mint(system.payer, 1000 * DOLLAR, sender=system.admin)
    token.approve(system.core, 2**256 - 1, sender=system.payer)
    return token


@pytest.fixture
def moody(system: System, project: Any) -> Any:
    return listed(system, system.admin.deploy(project.MoodyToken))


def test_create_payment__token_with_a_fee__refused_with_what_arrived(system: System, project: Any) -> None:
    token = listed(system, system.admin.deploy(project.FeeToken))
    with refused(system.core.TokenChargedFee, token=token.address, expected=100 * DOLLAR, received=99 * DOLLAR):
        system.pay(system.terms(token=token.address))
    terms = system.terms(token=token.address)
    with refused(system.core.TokenChargedFee):
        system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms)), sender=system.payer)


def test_life_of_a_payment__token_that_returns_nothing__works(system: System, project: Any) -> None:
    token = listed(system, system.admin.deploy(project.NoReturnToken))
    settled, cancelled = (system.pay(system.terms(token=token.address)) for _ in range(2))
    system.settle(settled)
    system.core.cancel(cancelled.tuple(), sender=system.payer)
    assert token.balanceOf(system.payee) == 100 * DOLLAR
    assert token.balanceOf(system.payer) == 900 * DOLLAR


@pytest.mark.parametrize("mood", [RETURN_FALSE, PAUSED])
def test_settle__transfer_fails__payment_stays_open_and_reclaimable(system: System, moody: Any, mood: int) -> None:
    terms = system.pay(system.terms(token=moody.address))
    moody.setMood(mood, sender=system.admin)
    with refused(system.core.TransferFailed, token=moody.address, to=system.payee.address, amount=terms.amount):
        system.settle(terms)
    with refused(system.core.TransferFailed, to=system.payer.address):
        system.core.cancel(terms.tuple(), sender=system.payer)
    assert STATUS[system.status(terms)] == "Pending"
    moody.setMood(0, sender=system.admin)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert moody.balanceOf(system.payer) == 1000 * DOLLAR


def test_settle__token_blocks_the_recipient__sender_gets_the_money_back(system: System, moody: Any) -> None:
    terms = system.pay(system.terms(token=moody.address))
    moody.setBlocked(system.payee, True, sender=system.admin)
    with refused(system.core.TransferFailed, to=system.payee.address):
        system.settle(terms)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert moody.balanceOf(system.payer) == 1000 * DOLLAR


def test_create_payment__transfer_returns_false__refused(system: System, moody: Any) -> None:
    moody.setMood(RETURN_FALSE, sender=system.admin)
    with refused(system.core.TransferFailed, token=moody.address):
        system.pay(system.terms(token=moody.address))


@pytest.mark.parametrize("inner", ["cancel", "reclaim", "settleNow", "createPayment", "payInstant", "executePayment"])
def test_settle__token_calls_back__reentrance_is_refused(system: System, moody: Any, inner: str) -> None:
    terms, other = system.pay(system.terms(token=moody.address)), system.pay()
    signed = system.signed(system.report(other))
    calls = {
        "cancel": lambda: system.core.cancel.encode_input(terms.tuple()),
        "reclaim": lambda: system.core.reclaim.encode_input(terms.tuple()),
        "settleNow": lambda: system.core.settleNow.encode_input(other.tuple(), signed),
        "createPayment": lambda: system.core.createPayment.encode_input(
            terms.recipient, system.token.address, 1, bytes(16)
        ),
        "payInstant": lambda: system.core.payInstant.encode_input(other.tuple(), signed),
        "executePayment": lambda: system.core.executePayment.encode_input(system.id(terms)),
    }
    moody.setCallback(system.core, calls[inner](), sender=system.admin)
    system.settle(terms)
    assert STATUS[system.status(terms)] == "Settled"
    assert STATUS[system.status(other)] == "Pending"
    assert not moody.callbackSucceeded()
    assert bytes(moody.callbackAnswer())[:4].hex() == "3ee5aeb5"  # ReentrancyGuardReentrantCall()
    assert moody.balanceOf(system.payee) == 100 * DOLLAR


def test_rebase__token_takes_from_the_core__only_escrows_in_it_are_hurt(system: System, moody: Any) -> None:
    first, second, other = (
        system.pay(system.terms(token=moody.address)),
        system.pay(system.terms(token=moody.address)),
        system.pay(),
    )
    moody.slash(system.core, 150 * DOLLAR, sender=system.admin)
    with refused(system.core.TransferFailed, token=moody.address):
        system.settle(first)
    system.settle(other)
    assert STATUS[system.status(other)] == "Settled"
    moody.mint(system.core, 150 * DOLLAR, sender=system.admin)
    system.settle(first)
    system.core.cancel(second.tuple(), sender=system.payer)
    assert moody.balanceOf(system.core) == 0


NO_TOKENS = {
    "an account without code": None,
    "a contract without decimals": "core",
    "nothing": b"",
    "a word that is one byte short": bytes(30) + b"\x06",
    "a word whose lowest byte are few decimals": (256 + 6).to_bytes(32, "big"),
    "the largest word": b"\xff" * 32,
    "decimals that burn all gas": "0xfe",
}
"""What stands in the place of a token, or what it answers when asked for its decimals."""


@pytest.mark.parametrize("what", NO_TOKENS)
def test_list_token__what_is_no_token__refused_by_name(system: System, project: Any, what: str) -> None:
    instead = NO_TOKENS[what]
    if instead is None:
        token = system.stranger
    elif instead == "core":
        token = system.core
    else:
        token = system.admin.deploy(project.NonsenseModule, system.core)
        if isinstance(instead, bytes):
            token.setAnswer(instead, sender=system.admin)
        else:
            system.chain.provider.make_request("anvil_setCode", [token.address, instead])
    call = system.core.listToken.encode_input(token)
    system.core.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.core.TokenCannotBeListed, token=token.address):
        system.core.executeChange(call, sender=system.admin)
    assert list(system.core.tokens()) == [system.token.address]
    assert system.core.checkToken(token).standing == 1


def test_list_token__suspended_token__can_come_back_and_keeps_its_index(system: System, moody: Any) -> None:
    terms = system.pay(system.terms(token=moody.address))
    system.core.suspendToken(moody, sender=system.admin)
    system.settle(terms)
    assert STATUS[system.status(terms)] == "Settled"
    system.change(system.core, system.core.listToken.encode_input(moody))
    again = system.pay(system.terms(token=moody.address))
    assert system.core.getPayment(system.id(again)).tokenIndex == 1
    assert list(system.core.tokens()) == [system.token.address, moody.address]
