"""createPayment: what is taken, and what is refused and takes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import SETTLE_WINDOW, ZERO, System
from eth_abi import encode
from eth_utils import keccak
from support import DOLLAR, REFUSAL, STATUS, only, reference, refused


def test_create_payment__accepted_token__escrow_is_held_and_announced(system: System) -> None:
    terms = system.terms(123_456_789)
    before = system.token.balanceOf(system.payer)
    receipt = system.core.createPayment(terms.recipient, terms.token, terms.amount, terms.ref, sender=system.payer)
    only(
        receipt,
        system.core.PaymentCreated,
        paymentId=system.id(terms),
        sender=terms.sender,
        recipient=terms.recipient,
        token=terms.token,
        amount=terms.amount,
        ref=terms.ref,
        settleDeadline=system.now + SETTLE_WINDOW,
    )
    state = system.core.getPayment(system.id(terms))
    assert STATUS[state.status] == "Pending"
    assert bytes(state.ref) == terms.ref
    assert system.token.balanceOf(system.core) == terms.amount
    assert system.token.balanceOf(system.payer) == before - terms.amount


def test_payment_id__any_terms__is_the_hash_of_chain_core_and_terms(system: System) -> None:
    terms = system.terms()
    expected = keccak(
        encode(
            ["uint256", "address", "(address,address,address,uint256,bytes16)"],
            [system.chain.chain_id, system.core.address, terms.tuple()],
        )
    )
    assert system.id(terms) == expected


def test_create_payment__same_terms_twice__reverts(system: System) -> None:
    terms = system.pay()
    with refused(system.core.PaymentAlreadyExists, paymentId=system.id(terms), status=STATUS.index("Pending")):
        system.pay(terms)


def test_create_payment__terms_of_a_cancelled_payment__reverts(system: System) -> None:
    terms = system.pay()
    system.core.cancel(terms.tuple(), sender=system.payer)
    with refused(system.core.PaymentAlreadyExists, status=STATUS.index("Cancelled")):
        system.pay(terms)


def test_create_payment__token_never_listed__reverts_and_says_why(system: System, project: Any) -> None:
    other = system.admin.deploy(project.TestStablecoin)
    with refused(system.core.TokenRefused, token=other.address, standing=1):
        system.pay(system.terms(token=other.address))
    assert "not listed" in system.core.checkToken(other)[1]


def test_create_payment__token_suspended__reverts_and_says_why(system: System) -> None:
    system.core.suspendToken(system.token, sender=system.admin)
    with refused(system.core.TokenRefused, token=system.token.address, standing=2):
        system.pay()
    assert "suspended" in system.core.checkToken(system.token)[1]


@pytest.mark.parametrize("amount", [0, 2**96, 2**256 - 1])
def test_create_payment__amount_out_of_bounds__reverts(system: System, amount: int) -> None:
    with refused(system.core.InvalidAmount, amount=amount):
        system.pay(system.terms(amount))


def test_create_payment__recipient_that_cannot_be_paid__reverts(system: System) -> None:
    for recipient in (ZERO, system.payer.address, system.token.address, system.core.address):
        with refused(system.core.InvalidRecipient, recipient=recipient):
            system.pay(system.terms(recipient=recipient))


def test_create_payment__no_allowance__reverts_with_the_transfer_that_failed(system: System) -> None:
    system.token.approve(system.core, 0, sender=system.payer)
    with refused(system.core.TransferFailed, token=system.token.address, to=system.core.address, amount=100 * DOLLAR):
        system.pay()


def test_create_payment__party_blacklisted__reverts_and_takes_nothing(system: System) -> None:
    for party, refusal in ((system.payer, "SenderBlacklisted"), (system.payee, "RecipientBlacklisted")):
        with system.isolated():
            system.oracle.blacklistWallet(party, "test", sender=system.admin)
            before = system.token.balanceOf(system.payer)
            with refused(system.compliance.ComplianceRefused, refusal=REFUSAL.index(refusal), subject=party.address):
                system.pay()
            assert system.token.balanceOf(system.payer) == before


def test_create_payment__party_sanctioned__reverts_with_the_party(system: System) -> None:
    for party, refusal in ((system.payer, "SenderSanctioned"), (system.payee, "RecipientSanctioned")):
        with system.isolated():
            system.compliance.sanction(party, "test", sender=system.officer)
            with refused(system.compliance.ComplianceRefused, refusal=REFUSAL.index(refusal), subject=party.address):
                system.pay()


def test_create_payment__paused__reverts(system: System) -> None:
    system.core.pause(sender=system.admin)
    with refused(system.core.EnforcedPause):
        system.pay()
    system.core.unpause(sender=system.admin)
    assert system.status(system.pay()) == STATUS.index("Pending")


def test_create_payment__large_amount_without_reference__travel_rule_demands_one(system: System) -> None:
    system.pay(system.terms(999 * DOLLAR, ref=bytes(16)))
    with refused(
        system.compliance.ComplianceRefused, refusal=REFUSAL.index("TravelRuleReference"), limit=100_000, would=100_000
    ):
        system.pay(system.terms(1000 * DOLLAR, ref=bytes(16)))
    system.pay(system.terms(1000 * DOLLAR, ref=reference()))
