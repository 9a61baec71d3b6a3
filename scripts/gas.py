"""Gas of whole transactions, as `make gas` prints it: `ape run gas --network ethereum:local:foundry`.

Every step is measured as a user pays for it: the receipt's gas, that is with the base fee of 21,000 and the calldata,
on a 6-decimal token, between parties who have balances, a risk profile and spending windows already. In a batch it
matters who they are: the words of one payer and one payee are read and written once for all of its payments, those of
parties who differ once for each, so that both are measured. The figures are compared with benchmarks/gas.json, and a
step that costs 2% more than there fails the run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from ape import accounts, chain, networks, project

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "contracts"))

from support import DOLLAR, Terms
from system import System, deploy_system

SNAPSHOT = ROOT / "benchmarks" / "gas.json"
TOLERANCE = 0.02
GOALS = {
    "createPayment": 88_000,
    "settle, 1 signer": 78_000,
    "settle, 3 of 5 signers": 90_000,
    "batch of 50, per payment: one payer, one payee": 32_000,
    "batch of 50, per payment: one payer, 50 payees": 32_000,
    "batch of 50, per payment: 50 payers, 50 payees": 32_000,
    "payInstant, 3 of 5 signers, reference counted up": 112_000,
    "payInstant, 3 of 5 signers, reference drawn at random": 112_000,
    "one more signer, mean from 1 to 15": 6_500,
    "one more signer, the second": 6_500,
}
"""Most gas that a step may take: issue goals that the table is held against, whoever the parties are."""
BATCHES = (1, 2, 5, 10, 20, 50, 75, 100)
QUORUMS = (1, 2, 3, 5, 7, 10, 12, 15)

Pair = tuple[Any, Any]
"""A payer and a payee."""


@click.command()
@click.option("--update", is_flag=True, help="Write the figures to benchmarks/gas.json instead of comparing.")
@click.option("--quick", is_flag=True, help="The table's steps alone, not the curves.")
def cli(update: bool, quick: bool) -> None:
    """Measure, print the table, compare."""
    with networks.parse_network_choice("ethereum:local:foundry"):
        table, curves = measure(quick)
    before = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {"steps": {}}
    failures = _print(table, before["steps"])
    if update:
        SNAPSHOT.write_text(json.dumps({"steps": table, **curves}, indent=2) + "\n")
        click.echo(f"written: {SNAPSHOT.relative_to(ROOT)}")
    elif failures:
        raise click.ClickException("; ".join(failures))


def measure(quick: bool) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """All steps, and the curves over batch size and number of signers."""
    one = _warm(deploy_system(accounts.test_accounts, chain, project))
    council = _warm(deploy_system(accounts.test_accounts, chain, project, quorum=3, signers=5))
    pairs = _acquainted(council, 50 if quick else max(BATCHES))
    table = {
        "plain transfer of the token": one.token.transfer(one.payee, DOLLAR, sender=one.payer).gas_used,
        "createPayment": create(council),
        "settle, 1 signer": settle(one),
        "settle, 3 of 5 signers": settle(council),
        "settle, 3 of 5 signers, three reports that differ": settle_disagreeing(council),
        "settle, held for review": settle(council, score=70),
        "settle, blocked and refunded": settle(council, score=90),
        "batch of 50, per payment: one payer, one payee": batch(council, _same(council, 50)) // 50,
        "batch of 50, per payment: one payer, 50 payees": batch(council, [(council.payer, b) for _, b in pairs[:50]])
        // 50,
        "batch of 50, per payment: 50 payers, 50 payees": batch(council, pairs[:50]) // 50,
        "payInstant, 3 of 5 signers, reference counted up": instant(council, counted_up=True),
        "payInstant, 3 of 5 signers, reference drawn at random": instant(council, counted_up=False),
        "cancel": cancel(council),
    }
    curves: dict[str, dict[str, int]] = {}
    signers = {str(k): settle(_council(k)) for k in ((1, 2, 15) if quick else QUORUMS)}
    table["one more signer, mean from 1 to 15"] = (signers["15"] - signers["1"]) // 14
    # the largest step: from the second signer on they are read from the code of a contract of their own
    table["one more signer, the second"] = signers["2"] - signers["1"]
    if not quick:
        curves["settle_by_signers"] = signers
        curves["batch_3_of_5_per_payment"] = {str(n): batch(council, _same(council, n)) // n for n in BATCHES}
        curves["batch_3_of_5_per_payment_parties_differ"] = {str(n): batch(council, pairs[:n]) // n for n in BATCHES}
    return table, curves


def create(system: System) -> int:
    """An escrow, compliance with limits on."""
    terms = system.terms()
    return int(
        system.core.createPayment(terms.recipient, terms.token, terms.amount, terms.ref, sender=system.payer).gas_used
    )


def settle(system: System, score: int = 10) -> int:
    """One payment whose signers agree."""
    terms = system.pay()
    reports = system.signed(system.report(terms, score), compact=True)
    return int(system.core.settleNow(terms.tuple(), reports, sender=system.stranger).gas_used)


def settle_disagreeing(system: System) -> int:
    """One payment, every signer with a report of its own."""
    terms = system.pay()
    reports: list[Any] = []
    for score, signer in zip((10, 12, 14), system.signers, strict=False):
        reports += system.signed(system.report(terms, score), signer, compact=True)
    return int(system.core.settleNow(terms.tuple(), reports, sender=system.stranger).gas_used)


def batch(system: System, pairs: Sequence[Pair]) -> int:
    """A payment between each of these pairs, all under one signature per signer."""
    payments = [_open(system, payer, payee) for payer, payee in pairs]
    reports = [system.report(terms) for terms in payments]
    signatures = system.domain.sign_batch(reports, *system.signers[: system.quorum], compact=True)
    receipt = system.core.settleBatch(
        [terms.tuple() for terms in payments],
        [([report.tuple() for report in reports], signatures)],
        sender=system.stranger,
    )
    if any(system.status(terms) != 2 for terms in payments):
        raise click.ClickException(f"a payment of a batch of {len(payments)} did not settle")
    return int(receipt.gas_used)


def instant(system: System, *, counted_up: bool) -> int:
    """No escrow: the payer brings the reports. The word of used references is new for a reference drawn at random."""
    terms: Terms = system.terms()
    steps = [terms.but(ref=terms.ref[:15] + bytes([number])) for number in (1, 2)] if counted_up else [terms]
    for step in steps:
        reports = system.signed(system.instant_report(step), compact=True)
        receipt = system.core.payInstant(step.tuple(), reports, sender=system.payer)
    return int(receipt.gas_used)


def cancel(system: System) -> int:
    """The sender takes a payment back."""
    terms = system.pay()
    return int(system.core.cancel(terms.tuple(), sender=system.payer).gas_used)


def _open(system: System, payer: Any, payee: Any) -> Terms:
    terms = system.terms(sender=payer.address, recipient=payee.address)
    system.core.createPayment(terms.recipient, terms.token, terms.amount, terms.ref, sender=payer)
    return terms


def _same(system: System, size: int) -> list[Pair]:
    return [(system.payer, system.payee)] * size


def _acquainted(system: System, size: int) -> list[Pair]:
    """`size` payers and as many payees, all different, who have the past of any other party: each pair has settled a
    payment before."""
    people = [accounts.test_accounts.generate_test_account() for _ in range(2 * size)]
    for payer in people[:size]:
        chain.provider.set_balance(payer.address, 10**18)
        system.token.mint(payer, 1_000_000 * DOLLAR, sender=system.admin)
        system.token.approve(system.core, 2**256 - 1, sender=payer)
    pairs = list(zip(people[:size], people[size:], strict=True))
    batch(system, pairs)
    return pairs


def _council(quorum: int) -> System:
    return _warm(deploy_system(accounts.test_accounts, chain, project, quorum=quorum, signers=quorum))


def _warm(system: System) -> System:
    """Give the parties a past: balances, profiles, windows. One escrow stays open, so that the core has a balance."""
    warm: list[Callable[[], Any]] = [system.pay, lambda: settle(system), lambda: settle(system)]
    for step in warm:
        step()
    return system


def _print(table: dict[str, int], before: dict[str, int]) -> list[str]:
    failures = []
    click.echo(f"{'step':58} {'gas':>9} {'before':>9} {'goal':>9}")
    for step, gas in table.items():
        old, goal = before.get(step), GOALS.get(step)
        verdict = ""
        if old is not None and gas > old * (1 + TOLERANCE):
            verdict = f"  {gas / old - 1:+.1%}"
            failures.append(f"{step}: {gas:,} gas, {gas / old - 1:.1%} more than the {old:,} of benchmarks/gas.json")
        if goal is not None and gas > goal:
            verdict += "  above the goal"
        click.echo(f"{step:58} {gas:>9,} {old or '–':>9} {goal or '–':>9}{verdict}")
    return failures
