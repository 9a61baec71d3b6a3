"""A deployment of the whole system with its people, for the contract tests and the gas table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from support import DOLLAR, Domain, Report, Terms, signer_account

DELAY = 60
SETTLE_WINDOW = 3600
REVIEW_WINDOW = 7200
LIFETIME = 86_400
UNLIMITED = 2**64 - 1
ZERO = "0x" + "00" * 20


@dataclass
class System:
    """A deployment and its people."""

    oracle: Any
    compliance: Any
    core: Any
    token: Any
    chain: Any
    admin: Any
    officer: Any
    reviewer: Any
    payer: Any
    payee: Any
    stranger: Any
    signers: list[Any]
    quorum: int

    @property
    def now(self) -> int:
        """Timestamp of the newest block."""
        return int(self.chain.blocks.head.timestamp)

    @property
    def domain(self) -> Domain:
        return Domain(self.oracle.address, self.chain.chain_id)

    def terms(self, amount: int = 100 * DOLLAR, **changes: Any) -> Terms:
        return Terms(self.payer.address, self.payee.address, self.token.address, amount).but(**changes)

    def id(self, terms: Terms) -> bytes:
        return bytes(self.core.paymentId(terms.tuple()))

    def instant_id(self, terms: Terms) -> bytes:
        return bytes(self.core.instantPaymentId(terms.tuple()))

    def pay(self, terms: Terms | None = None) -> Terms:
        """Open an escrow."""
        terms = terms or self.terms()
        sender = next(a for a in (self.payer, self.payee, self.stranger) if a.address == terms.sender)
        self.core.createPayment(terms.recipient, terms.token, terms.amount, terms.ref, sender=sender)
        return terms

    def report(self, terms: Terms, score: int = 10, **changes: Any) -> Report:
        now = self.now
        return Report(self.id(terms), score, issuedAt=now, expiresAt=now + SETTLE_WINDOW).but(**changes)

    def instant_report(self, terms: Terms, score: int = 10, **changes: Any) -> Report:
        return self.report(terms, score, **{"paymentId": self.instant_id(terms), **changes})

    def signed(self, report: Report, *signers: Any, compact: bool = False) -> list[Any]:
        """One SignedReport by `signers`, by default the first ones that make a quorum."""
        chosen = signers or self.signers[: self.quorum]
        return [(report.tuple(), self.domain.sign(report, *chosen, compact=compact))]

    def settle(self, terms: Terms, score: int = 10, **changes: Any) -> Any:
        report = self.report(terms, score, **changes)
        return self.core.settleNow(terms.tuple(), self.signed(report), sender=self.stranger)

    def held(self) -> Terms:
        """A payment that waits for its reviewer."""
        terms = self.pay()
        self.settle(terms, 70)
        return terms

    def status(self, terms: Terms) -> int:
        return int(self.core.getPayment(self.id(terms)).status)

    def wait(self, seconds: int) -> None:
        self.chain.pending_timestamp += seconds
        self.chain.mine()

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Undo on the chain what happens inside. ape's own isolate swallows whatever is raised in it, asserts too."""
        raised: Exception | None = None
        with self.chain.isolate():
            try:
                yield
            except Exception as error:
                raised = error
        if raised is not None:
            raise raised

    def next_block_at(self, timestamp: int) -> None:
        """Give the next block this timestamp."""
        self.chain.pending_timestamp = timestamp

    def mine_at(self, timestamp: int) -> None:
        """Mine an empty block with this timestamp, which views then see."""
        self.next_block_at(timestamp)
        self.chain.mine()

    def change(self, contract: Any, call: bytes, sender: Any = None) -> Any:
        """Make a delayed change, after its delay."""
        sender = sender or self.admin
        contract.scheduleChange(call, sender=sender)
        self.wait(DELAY)
        return contract.executeChange(call, sender=sender)


def deploy_system(
    accounts: Any,
    chain: Any,
    project: Any,
    quorum: int = 1,
    signers: int = 1,
    tiers: Any = None,
    source: str = ZERO,
    travel: int = 100_000,
) -> System:
    """Deploy everything, with `quorum` of `signers` keys that the tests hold."""
    admin, officer, reviewer, payer, payee, stranger = accounts[:6]
    keys = [signer_account(1000 + number) for number in range(signers)]
    token = admin.deploy(project.TestStablecoin)
    core = admin.deploy(
        project.PayFlowCore,
        (admin, DELAY, [admin], [reviewer], [officer], [admin], admin, SETTLE_WINDOW, REVIEW_WINDOW, [token]),
    )
    oracle = admin.deploy(
        project.FraudOracle,
        (admin, DELAY, [admin], [key.address for key in keys], quorum, (20, 40, 60, 80), LIFETIME, core),
    )
    compliance = admin.deploy(
        project.ComplianceEngine,
        (
            admin,
            DELAY,
            [officer],
            tiers or [(50_000_000, 200_000_000, 2_000_000_000, True), (UNLIMITED, UNLIMITED, UNLIMITED, True)],
            travel,
            source,
            core,
        ),
    )
    core.bind(oracle, compliance, sender=admin)
    for account in (payer, payee, stranger):
        token.mint(account, 1_000_000 * DOLLAR, sender=admin)
        token.approve(core, 2**256 - 1, sender=account)
    return System(
        oracle,
        compliance,
        core,
        token,
        chain,
        admin,
        officer,
        reviewer,
        payer,
        payee,
        stranger,
        sorted(keys, key=lambda key: key.address),
        quorum,
    )
