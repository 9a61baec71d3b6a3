"""payInstant and the ways to pay without an earlier approval."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ZERO, System
from eth_account import Account
from eth_account.messages import encode_typed_data
from support import DOLLAR, LEVEL, STATUS, Terms, only, refused, signer_account

PERMIT = [
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
]
RECEIVE = [
    ("from", "address"),
    ("to", "address"),
    ("value", "uint256"),
    ("validAfter", "uint256"),
    ("validBefore", "uint256"),
    ("nonce", "bytes32"),
]
INTENT = [
    ("sender", "address"),
    ("recipient", "address"),
    ("token", "address"),
    ("amount", "uint256"),
    ("ref", "bytes16"),
    ("deadline", "uint256"),
]


def typed(system: System, contract: Any, name: str, primary: str, fields: Any, value: Any) -> Any:
    domain = {
        "name": name,
        "version": "1",
        "chainId": system.chain.chain_id,
        "verifyingContract": contract.address,
    }
    types = {primary: [{"name": field, "type": kind} for field, kind in fields]}
    return encode_typed_data(domain, types, value)


def sign(system: System, key: Any, contract: Any, name: str, primary: str, fields: Any, value: Any) -> Any:
    return key.sign_message(typed(system, contract, name, primary, fields, value))


@pytest.fixture
def wallet(system: System, accounts: Any) -> Any:
    """A payer whose key the test holds; it has tokens and no approval."""
    key = signer_account(4242)
    system.token.mint(key.address, 1000 * DOLLAR, sender=system.admin)
    return key


@pytest.mark.parametrize("score", [0, 20, 40, 41, 60])
def test_pay_instant__up_to_medium__money_moves_in_the_same_transaction(system: System, score: int) -> None:
    terms = system.terms()
    payer, payee = system.token.balanceOf(system.payer), system.token.balanceOf(system.payee)
    receipt = system.core.payInstant(
        terms.tuple(), system.signed(system.instant_report(terms, score)), sender=system.payer
    )
    only(
        receipt,
        system.core.PaymentPaidInstantly,
        paymentId=system.instant_id(terms),
        sender=terms.sender,
        recipient=terms.recipient,
        amount=terms.amount,
        ref=terms.ref,
    )
    level = LEVEL.index("Safe" if score <= 20 else "Low" if score <= 40 else "Medium")
    only(receipt, system.core.VerdictApplied, status=STATUS.index("Settled"), score=score, level=level)
    assert system.token.balanceOf(system.payer) == payer - terms.amount
    assert system.token.balanceOf(system.payee) == payee + terms.amount
    assert system.core.isReferenceUsed(terms.sender, terms.ref)


@pytest.mark.parametrize(("score", "level"), [(61, "High"), (80, "High"), (81, "Critical"), (100, "Critical")])
def test_pay_instant__above_medium__reverts_with_the_level(system: System, score: int, level: str) -> None:
    terms = system.terms()
    with refused(system.core.InstantPaymentRefused, score=score, level=LEVEL.index(level)):
        system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms, score)), sender=system.payer)


def test_pay_instant__replayed__reverts(system: System) -> None:
    terms = system.terms()
    signed = system.signed(system.instant_report(terms))
    system.core.payInstant(terms.tuple(), signed, sender=system.payer)
    with refused(system.core.ReferenceUsed, sender=terms.sender, ref=terms.ref):
        system.core.payInstant(terms.tuple(), signed, sender=system.payer)


def test_pay_instant__reference_used_with_other_terms__reverts(system: System) -> None:
    terms = system.terms()
    system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms)), sender=system.payer)
    for again in (terms.but(amount=terms.amount + 1), terms.but(recipient=system.stranger.address)):
        with refused(system.core.ReferenceUsed, ref=terms.ref):
            system.core.payInstant(again.tuple(), system.signed(system.instant_report(again)), sender=system.payer)


def test_pay_instant__neighbouring_references__are_used_up_one_by_one(system: System) -> None:
    base = system.terms()
    for last in (b"\x00\x00", b"\x00\x01", b"\x00\xff", b"\x01\x00"):
        terms = base.but(ref=base.ref[:14] + last)
        assert not system.core.isReferenceUsed(terms.sender, terms.ref)
        system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms)), sender=system.payer)
        assert system.core.isReferenceUsed(terms.sender, terms.ref)
    assert not system.core.isReferenceUsed(system.payee, base.ref[:14] + b"\x00\x01")


def test_reports__for_one_way_to_pay__are_worthless_for_the_other(system: System) -> None:
    terms = system.pay()
    escrow, instant = system.signed(system.report(terms)), system.signed(system.instant_report(terms))
    with refused(system.oracle.WrongPayment, expected=system.instant_id(terms), given=system.id(terms)):
        system.core.payInstant(terms.tuple(), escrow, sender=system.payer)
    with refused(system.oracle.WrongPayment, expected=system.id(terms), given=system.instant_id(terms)):
        system.core.settleNow(terms.tuple(), instant, sender=system.stranger)
    system.core.payInstant(terms.tuple(), instant, sender=system.payer)
    system.core.settleNow(terms.tuple(), escrow, sender=system.stranger)
    assert STATUS[system.status(terms)] == "Settled"


def test_pay_instant__brought_by_anyone_else__reverts(system: System) -> None:
    terms = system.terms()
    with refused(system.core.OnlySender, caller=system.stranger.address):
        system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms)), sender=system.stranger)


def test_pay_instant__listed_party_or_pause__reverts(system: System) -> None:
    terms = system.terms()
    signed = system.signed(system.instant_report(terms))
    with system.isolated():
        system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
        with refused(system.compliance.ComplianceRefused, subject=system.payee.address):
            system.core.payInstant(terms.tuple(), signed, sender=system.payer)
    with system.isolated():
        system.compliance.sanction(system.payee, "test", sender=system.officer)
        with refused(system.compliance.ComplianceRefused, subject=system.payee.address):
            system.core.payInstant(terms.tuple(), signed, sender=system.payer)
    system.core.pause(sender=system.admin)
    with refused(system.core.EnforcedPause):
        system.core.payInstant(terms.tuple(), signed, sender=system.payer)


def permit(system: System, key: Any, amount: int) -> tuple[int, int, bytes, bytes]:
    deadline = system.now + 600
    value = {
        "owner": key.address,
        "spender": system.core.address,
        "value": amount,
        "nonce": system.token.nonces(key.address),
        "deadline": deadline,
    }
    signed = sign(system, key, system.token, "PayFlow Test Dollar", "Permit", PERMIT, value)
    return deadline, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def authorization(system: System, key: Any, terms: Terms, nonce: bytes) -> tuple[int, int, bytes]:
    before = system.now + 600
    value = {
        "from": key.address,
        "to": system.core.address,
        "value": terms.amount,
        "validAfter": 0,
        "validBefore": before,
        "nonce": nonce,
    }
    signed = sign(system, key, system.token, "PayFlow Test Dollar", "ReceiveWithAuthorization", RECEIVE, value)
    return 0, before, bytes(signed.signature)


def test_create_payment_with_permit__no_approval__escrow_opens(system: System, accounts: Any) -> None:
    # ape's own accounts sign nothing but messages here: use a funded account whose key the test derives.
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 100 * DOLLAR, sender=system.admin)
    terms = system.terms(sender=payer.address)
    system.core.createPaymentWithPermit(
        terms.recipient, terms.token, terms.amount, terms.ref, *permit(system, key, terms.amount), sender=payer
    )
    assert STATUS[system.status(terms)] == "Pending"


def test_create_payment_with_permit__permit_was_brought_by_another__escrow_opens_all_the_same(
    system: System, accounts: Any
) -> None:
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 100 * DOLLAR, sender=system.admin)
    terms = system.terms(sender=payer.address)
    signed = permit(system, key, terms.amount)
    system.token.permit(payer, system.core, terms.amount, *signed, sender=system.stranger)
    system.core.createPaymentWithPermit(terms.recipient, terms.token, terms.amount, terms.ref, *signed, sender=payer)
    assert STATUS[system.status(terms)] == "Pending"


def test_pay_instant_with_permit__no_approval__money_moves(system: System, accounts: Any) -> None:
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 100 * DOLLAR, sender=system.admin)
    terms = system.terms(sender=payer.address)
    system.core.payInstantWithPermit(
        terms.tuple(), system.signed(system.instant_report(terms)), *permit(system, key, terms.amount), sender=payer
    )
    assert system.core.isReferenceUsed(payer, terms.ref)
    assert system.token.balanceOf(payer) == 0


def test_create_payment_with_authorization__brought_by_a_relayer__escrow_is_the_payers(
    system: System, wallet: Any
) -> None:
    terms = system.terms(sender=wallet.address)
    system.core.createPaymentWithAuthorization(
        terms.tuple(), *authorization(system, wallet, terms, system.id(terms)), sender=system.stranger
    )
    assert STATUS[system.status(terms)] == "Pending"
    assert system.token.balanceOf(system.core) == terms.amount


def test_create_payment_with_authorization__relayer_changes_a_term__reverts(system: System, wallet: Any) -> None:
    terms = system.terms(sender=wallet.address)
    signed = authorization(system, wallet, terms, system.id(terms))
    for changed in (terms.but(recipient=system.stranger.address), terms.but(ref=bytes(15) + b"\x01")):
        with refused(system.token.InvalidAuthorization, authorizer=wallet.address):
            system.core.createPaymentWithAuthorization(changed.tuple(), *signed, sender=system.stranger)


def test_pay_instant_with_authorization__brought_by_a_relayer__money_moves(system: System, wallet: Any) -> None:
    terms = system.terms(sender=wallet.address)
    before = system.token.balanceOf(system.payee)
    system.core.payInstantWithAuthorization(
        terms.tuple(),
        system.signed(system.instant_report(terms)),
        *authorization(system, wallet, terms, system.instant_id(terms)),
        sender=system.stranger,
    )
    assert system.token.balanceOf(system.payee) - before == terms.amount
    assert system.token.balanceOf(system.core) == 0


def test_authorization__for_one_way_to_pay__is_worthless_for_the_other(system: System, wallet: Any) -> None:
    terms = system.terms(sender=wallet.address)
    reports = system.signed(system.instant_report(terms))
    for_escrow = authorization(system, wallet, terms, system.id(terms))
    for_instant = authorization(system, wallet, terms, system.instant_id(terms))
    with refused(system.token.InvalidAuthorization, authorizer=wallet.address):
        system.core.payInstantWithAuthorization(terms.tuple(), reports, *for_escrow, sender=system.stranger)
    with refused(system.token.InvalidAuthorization, authorizer=wallet.address):
        system.core.createPaymentWithAuthorization(terms.tuple(), *for_instant, sender=system.stranger)


def intended(system: System, terms: Terms, deadline: int) -> Any:
    value = {
        "sender": terms.sender,
        "recipient": terms.recipient,
        "token": terms.token,
        "amount": terms.amount,
        "ref": terms.ref,
        "deadline": deadline,
    }
    return typed(system, system.core, "PayFlowCore", "PaymentIntent", INTENT, value)


def intent(system: System, key: Any, terms: Terms, deadline: int) -> bytes:
    return bytes(key.sign_message(intended(system, terms, deadline)).signature)


def test_create_payment_for__signed_intent__relayer_opens_exactly_that_once(system: System, accounts: Any) -> None:
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 1000 * DOLLAR, sender=system.admin)
    system.token.approve(system.core, 2**256 - 1, sender=payer)
    terms, deadline = system.terms(sender=payer.address), system.now + 600
    signature = intent(system, key, terms, deadline)
    changed = (
        (terms.but(recipient=system.stranger.address), deadline),
        (terms.but(amount=terms.amount + 1), deadline),
        (terms, deadline + 1),
    )
    for other, until in changed:
        # on other terms the signature recovers to some key, which is nobody's
        nobody = Account.recover_message(intended(system, other, until), signature=signature)
        with refused(system.core.InvalidIntent, payer=payer.address, signer=nobody):
            system.core.createPaymentFor(other.tuple(), until, signature, sender=system.stranger)
    system.core.createPaymentFor(terms.tuple(), deadline, signature, sender=system.stranger)
    with refused(system.core.PaymentAlreadyExists):
        system.core.createPaymentFor(terms.tuple(), deadline, signature, sender=system.stranger)
    late = terms.but(ref=bytes(16))
    expired = system.now - 1
    with refused(system.core.IntentExpired, deadline=expired):
        system.core.createPaymentFor(late.tuple(), expired, intent(system, key, late, expired), sender=system.stranger)


def test_create_payment_for__account_that_delegates_its_code__its_key_signs_all_the_same(
    system: System, accounts: Any
) -> None:
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 1000 * DOLLAR, sender=system.admin)
    system.token.approve(system.core, 2**256 - 1, sender=payer)
    # EIP-7702: the account's code names a contract, here one that knows no ERC-1271
    delegation = "0xef0100" + system.token.address[2:].lower()
    system.chain.provider.make_request("anvil_setCode", [payer.address, delegation])
    terms, deadline = system.terms(sender=payer.address), system.now + 600
    stranger = signer_account(4242)
    with refused(system.core.InvalidIntent, payer=payer.address, signer=stranger.address):
        foreign = intent(system, stranger, terms, deadline)
        system.core.createPaymentFor(terms.tuple(), deadline, foreign, sender=system.stranger)
    system.core.createPaymentFor(terms.tuple(), deadline, intent(system, key, terms, deadline), sender=system.stranger)
    assert STATUS[system.status(terms)] == "Pending"


def test_create_payment_for__wallet_that_is_a_contract__its_owner_signs(
    system: System, project: Any, accounts: Any
) -> None:
    owner = signer_account(4243)
    payer = accounts[9].deploy(project.ContractWallet, owner.address, system.token, system.core)
    system.token.mint(payer, 1000 * DOLLAR, sender=system.admin)
    terms, deadline = system.terms(sender=payer.address), system.now + 600
    stranger = signer_account(4242)
    with refused(system.core.InvalidIntent, payer=payer.address, signer=stranger.address):
        foreign = intent(system, stranger, terms, deadline)
        system.core.createPaymentFor(terms.tuple(), deadline, foreign, sender=system.stranger)
    signature = intent(system, owner, terms, deadline)
    system.core.createPaymentFor(terms.tuple(), deadline, signature, sender=system.stranger)
    assert STATUS[system.status(terms)] == "Pending"
    assert system.token.balanceOf(payer) == 1000 * DOLLAR - terms.amount


def test_create_payment_for__bytes_that_are_no_signature__refused(system: System, accounts: Any) -> None:
    terms, deadline = system.terms(sender=accounts[7].address), system.now + 600
    for nonsense in (b"", b"abc", bytes(65), b"\xff" * 65):
        with refused(system.core.InvalidIntent, payer=accounts[7].address, signer=ZERO):
            system.core.createPaymentFor(terms.tuple(), deadline, nonsense, sender=system.stranger)


def test_signed_for_a_relayer__reference_paid_instantly_or_revoked__is_void(
    system: System, wallet: Any, accounts: Any
) -> None:
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 1000 * DOLLAR, sender=system.admin)
    system.token.approve(system.core, 2**256 - 1, sender=payer)
    deadline = system.now + 600
    paid, revoked, authorised = (system.terms(sender=payer.address) for _ in range(3))
    system.core.payInstant(paid.tuple(), system.signed(system.instant_report(paid)), sender=payer)
    only(
        system.core.revokeReference(revoked.ref, sender=payer),
        system.core.ReferenceRevoked,
        sender=payer.address,
        ref=revoked.ref,
    )
    for terms in (paid, revoked):
        with refused(system.core.ReferenceUsed, sender=payer.address, ref=terms.ref):
            system.core.createPaymentFor(
                terms.tuple(), deadline, intent(system, key, terms, deadline), sender=system.stranger
            )
        with refused(system.core.ReferenceUsed, ref=terms.ref):
            system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms)), sender=payer)
    system.core.revokeReference(authorised.ref, sender=payer)
    with refused(system.core.ReferenceUsed, ref=authorised.ref):
        signed = authorization(system, key, authorised, system.id(authorised))
        system.core.createPaymentWithAuthorization(authorised.tuple(), *signed, sender=system.stranger)
    # the sender's own word counts: an escrow of these terms can still be opened
    system.core.createPayment(paid.recipient, paid.token, paid.amount, paid.ref, sender=payer)
    assert STATUS[system.status(paid)] == "Pending"


def test_create_payment_for__last_second_of_its_deadline__opens_unless_paused(system: System, accounts: Any) -> None:
    payer = accounts[7]
    key = Account.from_key(payer.private_key)
    system.token.mint(payer, 1000 * DOLLAR, sender=system.admin)
    system.token.approve(system.core, 2**256 - 1, sender=payer)
    terms, deadline = system.terms(sender=payer.address), system.now + 600
    made = (terms.tuple(), deadline, intent(system, key, terms, deadline))
    with system.isolated():
        system.core.pause(sender=system.admin)
        with refused(system.core.EnforcedPause):
            system.core.createPaymentFor(*made, sender=system.stranger)
    with system.isolated():
        system.next_block_at(deadline + 1)
        with refused(system.core.IntentExpired, deadline=deadline, timestamp=deadline + 1):
            system.core.createPaymentFor(*made, sender=system.stranger)
    system.next_block_at(deadline)
    system.core.createPaymentFor(*made, sender=system.stranger)
    assert STATUS[system.status(terms)] == "Pending"
