"""Which of the reports in a settlement's calldata count: those that signers of that moment signed, and no others.

Whoever settles can write what he likes behind the core's arguments, or around its call. A report counts if the contract
could have taken it: each of its signatures is by a signer whom the oracle had authorised then.
"""

from collections.abc import Collection
from dataclasses import dataclass

from oracle.errors import InvalidSignature
from oracle.signing import ReportDigests, RiskReport, Signature
from oracle.verify.calldata import Brought, Input, brought_by, has_more
from oracle.verify.lookup import Found, Lookup

MOST_SIGNATURES = 63
"""Beyond that a length does not tell 64-byte signatures from 65-byte ones (PackedSignatures.sol)."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The distinct reports on a payment that count, in their order. `notes` say what was passed over."""

    counted: tuple[RiskReport, ...] = ()
    notes: tuple[str, ...] = ()


def reports_of(found: Found, lookup: Lookup, oracle: str, *, chain_id: int) -> Reports:
    """What the settlement of a payment brought. `oracle`: the FraudOracle that the core asked. Raises RpcError."""
    if found.verdict is None:
        return Reports()
    given = lookup.input(found.verdict.log.tx)
    payment_id = str(found.created.arguments["paymentId"])
    brought = [one for one in brought_by(given) if any(report.payment_id == payment_id for report in one.reports)]
    digests = ReportDigests(chain_id=chain_id, verifying_contract=oracle)
    signers = lookup.signers_at(oracle, found.verdict.log) if brought else frozenset()
    return sifted(payment_id, brought, given, digests=digests, signers=signers)


def sifted(
    payment_id: str, brought: Collection[Brought], given: Input, *, digests: ReportDigests, signers: Collection[str]
) -> Reports:
    """The reports on a payment, forgeries dropped. `signers`: lower-case addresses that the oracle had authorised."""
    counted: dict[RiskReport, None] = {}
    dropped: dict[RiskReport, None] = {}
    for one in brought:
        kept = counted if _signed(one, digests, signers) else dropped
        kept.update((report, None) for report in one.reports if report.payment_id == payment_id)
    notes = []
    if forged := len(dropped.keys() - counted.keys()):
        notes.append(
            f"The transaction also holds {forged} report{'' if forged == 1 else 's'} on this payment that no signer"
            f" authorised then has signed. Whoever sends a settlement can add such; they were passed over."
        )
    if has_more(given):
        notes.append(
            "The transaction holds more than the call that the core read. Whoever sends a settlement can add what he"
            " likes behind it; it was passed over."
        )
    return Reports(tuple(counted), tuple(notes))


def _signed(one: Brought, digests: ReportDigests, signers: Collection[str]) -> bool:
    """Whether every signature is one that the contract takes: low s, and by one of `signers`."""
    size = next((size for size in (65, 64) if len(one.signatures) % size == 0), 0)
    if not one.signatures or not size or len(one.signatures) > MOST_SIGNATURES * 65:
        return False
    digest = digests.batch(one.reports) if one.batch else digests.report(one.reports[0])
    try:
        return all(
            Signature.from_bytes(one.signatures[at : at + size]).signer(digest) in signers
            for at in range(0, len(one.signatures), size)
        )
    except InvalidSignature:
        return False
