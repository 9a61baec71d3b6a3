"""Every limit one below, exactly at, and one above it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import DELAY, LIFETIME, REVIEW_WINDOW, SETTLE_WINDOW, Deploy, System
from eth_abi import encode
from eth_utils import keccak
from support import CURVE_ORDER, REFUSAL, STATUS, events, refused
from web3.exceptions import ContractCustomError

GRACE = 14 * 86_400
PERIOD = 8 * 3600
MOST_DAILY, MOST_MONTHLY = 2**28 - 1, 2**31 - 1
REFUND_CHECK_GAS = 250_000


# --- deadlines ---------------------------------------------------------------------------------------------------


def test_settle_deadline__its_last_second__settles_and_is_not_reclaimable(system: System) -> None:
    terms = system.pay()
    deadline = system.now + SETTLE_WINDOW
    assert system.core.getPayment(system.id(terms)).settleDeadline == deadline
    report = system.report(terms, expiresAt=deadline + 1)
    with system.isolated():
        system.next_block_at(deadline)
        with refused(system.core.TooEarlyToReclaim, deadline=deadline, timestamp=deadline):
            system.core.reclaim(terms.tuple(), sender=system.stranger)
        system.next_block_at(deadline + 1)
        system.core.reclaim(terms.tuple(), sender=system.stranger)
        assert STATUS[system.status(terms)] == "Cancelled"
    for late in (1, 0):
        with system.isolated():
            system.next_block_at(deadline + late)
            if late:
                with refused(system.core.SettleDeadlinePassed, deadline=deadline, timestamp=deadline + 1):
                    system.core.settleNow(terms.tuple(), system.signed(report), sender=system.stranger)
            else:
                system.core.settleNow(terms.tuple(), system.signed(report), sender=system.stranger)
                assert STATUS[system.status(terms)] == "Settled"


def test_review_deadline__its_last_second__decides_and_is_not_reclaimable(system: System) -> None:
    terms = system.held()
    deadline = system.now + REVIEW_WINDOW
    assert system.core.getPayment(system.id(terms)).reviewDeadline == deadline
    for call, status in ((system.core.approve, "Settled"), (system.core.reject, "Rejected")):
        with system.isolated():
            system.next_block_at(deadline + 1)
            with refused(system.core.ReviewDeadlinePassed, deadline=deadline, timestamp=deadline + 1):
                call(terms.tuple(), "", sender=system.reviewer)
        with system.isolated():
            system.next_block_at(deadline)
            call(terms.tuple(), "", sender=system.reviewer)
            assert STATUS[system.status(terms)] == status
    system.next_block_at(deadline)
    with refused(system.core.TooEarlyToReclaim, deadline=deadline, timestamp=deadline):
        system.core.reclaim(terms.tuple(), sender=system.stranger)
    system.next_block_at(deadline + 1)
    system.core.reclaim(terms.tuple(), sender=system.stranger)
    assert STATUS[system.status(terms)] == "Cancelled"


def test_change__first_and_last_second_of_its_grace__is_made(system: System) -> None:
    oracle, call = system.oracle, system.oracle.setQuorum.encode_input(1)
    change = keccak(call)
    with refused(oracle.ChangeUnknown, changeId=change):
        oracle.cancelChange(call, sender=system.admin)
    oracle.scheduleChange(call, sender=system.admin)
    ready = system.now + DELAY
    with system.isolated():
        system.next_block_at(ready - 1)
        with refused(oracle.ChangeNotReady, changeId=change, readyAt=ready):
            oracle.executeChange(call, sender=system.admin)
        system.next_block_at(ready)
        oracle.executeChange(call, sender=system.admin)
    with system.isolated():
        system.next_block_at(ready + GRACE)
        with refused(oracle.ChangeAlreadyScheduled, changeId=change, readyAt=ready):
            oracle.scheduleChange(call, sender=system.admin)
        system.next_block_at(ready + GRACE + 1)
        with refused(oracle.ChangeExpired, changeId=change, expiredAt=ready + GRACE):
            oracle.executeChange(call, sender=system.admin)
        system.next_block_at(ready + GRACE + 2)
        oracle.scheduleChange(call, sender=system.admin)
        assert oracle.changeReadyAt(change) == ready + GRACE + 2 + DELAY
    system.next_block_at(ready + GRACE)
    oracle.executeChange(call, sender=system.admin)
    assert oracle.changeReadyAt(change) == 0


def test_analysis__last_second_of_its_lifetime__is_answered(system: System, accounts: Any) -> None:
    oracle, node, terms = system.oracle, accounts[8], system.terms()
    system.change(oracle, oracle.grantRole.encode_input(oracle.AI_ORACLE_ROLE(), node))
    made = (system.id(terms), terms.sender, terms.recipient)
    with refused(oracle.AmountTooLarge, amount=2**96, largest=2**96 - 1):
        oracle.analyzeTransaction(*made, 2**96, 1, 1, 1, 1, 1, sender=node)
    oracle.analyzeTransaction(*made, 2**96 - 1, 1, 1, 1, 1, 1, sender=node)
    expires = system.now + LIFETIME
    system.mine_at(expires)
    assert oracle.recordedAnalysis(system.id(terms)).amount == 2**96 - 1
    system.mine_at(expires + 1)
    with refused(oracle.ReportExpired, paymentId=system.id(terms), expiresAt=expires, timestamp=expires + 1):
        oracle.recordedAnalysis(system.id(terms))


# --- reports -----------------------------------------------------------------------------------------------------


def test_report__times_and_alerts_at_their_limits__pass_and_one_beyond_do_not(system: System) -> None:
    oracle, terms, now = system.oracle, system.terms(), system.now
    payment = system.id(terms)

    def verify(issued: int, expires: int, alerts: int = 0) -> Any:
        report = system.report(terms, issuedAt=now + issued, expiresAt=now + expires, alerts=alerts)
        return oracle.verifyReports(payment, system.signed(report))

    for issued, expires in ((15, 15), (15, 15 + LIFETIME), (0, 0), (-LIFETIME, 0)):
        assert verify(issued, expires, 2**32 - 1).alerts == 2**32 - 1
    of_the_future = {"paymentId": payment, "issuedAt": now + 16, "timestamp": now}
    with refused(oracle.ReportFromFuture, **of_the_future):
        verify(16, 100)
    for alerts in (0, 2**32 - 1):
        with refused(oracle.ReportExpired, paymentId=payment, expiresAt=now - 1, timestamp=now):
            verify(-2, -1, alerts)
    for issued, expires in ((0, LIFETIME + 1), (15, 14), (1, 0)):
        with refused(
            oracle.InvalidReportLifetime,
            paymentId=payment,
            issuedAt=now + issued,
            expiresAt=now + expires,
            longest=LIFETIME,
        ):
            verify(issued, expires)


def test_report__more_alerts_than_there_are__refused_with_their_bits(system: System) -> None:
    terms = system.terms()
    call = bytearray(system.oracle.verifyReports.encode_input(system.id(terms), system.signed(system.report(terms))))
    # selector, payment, offset of the reports, their number, offset of the first; its eighth word
    start = 4 + 32 * (4 + 7)
    call[start : start + 32] = (2**32).to_bytes(32, "big")
    with pytest.raises(ContractCustomError) as refusal:
        system.chain.provider.web3.eth.call({"to": system.oracle.address, "data": bytes(call)})
    arguments = encode(["bytes32", "uint256"], [system.id(terms), 2**32])
    assert refusal.value.data == "0x" + (keccak(text="InvalidAlerts(bytes32,uint256)")[:4] + arguments).hex()


def test_signature__s_at_half_the_order__is_read_and_one_above_is_malleable(system: System) -> None:
    oracle, terms = system.oracle, system.terms()
    report = system.report(terms)
    signature = system.domain.sign(report, *system.signers)
    for s, error in ((CURVE_ORDER // 2, oracle.UnauthorizedSigner), (CURVE_ORDER // 2 + 1, oracle.MalleableSignature)):
        changed = signature[:32] + s.to_bytes(32, "big") + signature[64:]
        with refused(error):
            oracle.verifyReports(system.id(terms), [(report.tuple(), changed)])


def test_signatures__63_of_them__are_the_most_that_are_read(system: System) -> None:
    oracle, terms = system.oracle, system.terms()
    report = system.report(terms)
    one = system.domain.sign(report, *system.signers)
    with refused(oracle.QuorumMismatch, given=63, required=1):
        oracle.verifyReports(system.id(terms), [(report.tuple(), one * 63)])
    for length in (63 * 65 + 1, 64 * 65):
        with refused(oracle.MalformedSignatures, length=length):
            oracle.verifyReports(system.id(terms), [(report.tuple(), bytes(length))])


def test_batch__of_100_payments__is_the_largest(system: System) -> None:
    payments = [system.pay(system.terms(amount)) for amount in range(1, 101)]
    reports = [system.report(terms) for terms in payments]
    batch = ([report.tuple() for report in reports], system.domain.sign_batch(reports, *system.signers))
    terms = [one.tuple() for one in payments]
    with refused(system.core.InvalidBatchSize, size=101, largest=100):
        system.core.settleBatch([*terms, terms[0]], [batch], sender=system.stranger)
    before = system.token.balanceOf(system.payee)
    receipt = system.core.settleBatch(terms, [batch], sender=system.stranger)
    assert [system.status(one) for one in payments] == [STATUS.index("Settled")] * 100
    assert len(events(receipt, system.core.VerdictApplied)) == 100
    assert system.token.balanceOf(system.payee) - before == sum(range(1, 101))
    assert system.token.balanceOf(system.core) == 0


# --- amounts and gas ---------------------------------------------------------------------------------------------


def test_amount__of_96_bits__is_the_largest_payment(system: System) -> None:
    most = 2**96 - 1
    system.compliance.classify(system.payer, 1, 0, sender=system.officer)
    system.token.mint(system.payer, most, sender=system.admin)
    with refused(system.core.InvalidAmount, amount=most + 1):
        system.pay(system.terms(most + 1))
    terms = system.pay(system.terms(most))
    assert system.token.balanceOf(system.core) == most
    system.settle(terms)
    assert STATUS[system.status(terms)] == "Settled"


def test_refund__gas_at_its_limit__is_enough_and_one_less_is_not(system: System) -> None:
    terms = system.pay()
    needed = REFUND_CHECK_GAS + REFUND_CHECK_GAS // 32 + 20_000

    def cancel(gas: int) -> Any:
        return system.core.cancel(terms.tuple(), sender=system.payer, gas=gas)

    gas = 150_000
    with refused(system.core.NotEnoughGas, needed=needed) as short:
        cancel(gas)
    enough = gas + needed - short["left"]
    with refused(system.core.NotEnoughGas, left=needed - 1, needed=needed):
        cancel(enough - 1)
    cancel(enough)
    assert STATUS[system.status(terms)] == "Cancelled"


@pytest.mark.parametrize("decimals", [0, 1, 2, 3, 6, 18, 24])
def test_cents__of_a_token_with_any_decimals__rounded_up(deploy: Deploy, decimals: int) -> None:
    system = deploy(tiers=[(30_000, 30_000, 30_000, True)])
    check = system.compliance.checkPayment
    limit = 300 * 10**decimals
    for amount, refusal in ((limit - 1, "None"), (limit, "None"), (limit + 1, "AbovePaymentLimit")):
        found = check(system.payer, system.payee, amount, decimals, bytes(16))
        assert (found.ok, REFUSAL[found.refusal]) == (refusal == "None", refusal)


@pytest.mark.parametrize(("amount", "decimals"), [(2**96, 6), (2**256 - 1, 18), (1, 25), (1, 255)])
def test_check_payment__amount_that_no_payment_has__is_refused_by_name(
    system: System, amount: int, decimals: int
) -> None:
    with refused(system.compliance.AmountOutOfRange, amount=amount, decimals=decimals):
        system.compliance.checkPayment(system.payer, system.payee, amount, decimals, bytes(16))
    most = system.compliance.checkPayment(system.payer, system.payee, 2**96 - 1, 24, bytes(16))
    assert most.refusal == REFUSAL.index("TravelRuleReference")


def test_windows__every_bucket__counts_until_it_ends_and_not_a_second_longer(deploy: Deploy, chain: Any) -> None:
    now = int(chain.blocks.head.timestamp)
    epoch = now - now % PERIOD + PERIOD
    chain.pending_timestamp = epoch + 1
    chain.mine()
    system = deploy(tiers=[(MOST_DAILY, MOST_DAILY, MOST_MONTHLY, True)], travel=2**47)

    def pay(bucket: int, cents: int) -> None:
        system.mine_at(epoch + bucket * PERIOD)
        system.pay(system.terms(cents * 10_000))

    def spent(timestamp: int) -> tuple[int, ...]:
        with system.isolated():
            system.mine_at(timestamp)
            return tuple(system.compliance.spent(system.payer))

    # four buckets of 8 hours, within the second bucket of 10 days
    for place, cents in enumerate((1, 2, 4, 8)):
        pay(35 + place, cents)
    for bucket, before, after in ((39, 15, 14), (40, 14, 12), (41, 12, 8), (42, 8, 0)):
        assert spent(epoch + bucket * PERIOD - 1) == (before, 15)
        assert spent(epoch + bucket * PERIOD) == (after, 15)
    # four buckets of 10 days
    for place, cents in enumerate((16, 32, 64), 2):
        pay(30 * place, cents)
    for month, before, after in ((5, 127, 112), (6, 112, 96), (7, 96, 64), (8, 64, 0)):
        assert spent(epoch + month * 30 * PERIOD - 1) == (0, before)
        assert spent(epoch + month * 30 * PERIOD) == (0, after)
