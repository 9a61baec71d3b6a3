"""Other oracle nodes: asking for their signatures, and believing nothing that cannot be checked."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from typing import Any, TypeVar

import structlog

from oracle.errors import InvalidReport, InvalidSignature, PeerError
from oracle.node.peer_client import PeerClient
from oracle.node.quorum import IsSigner, KnownSigners
from oracle.signing import ReportDigests, RiskReport, Signature, SignedBatch, SignedReport

SETTLING, CO_SIGNING = 4, 8
"""Requests that one peer may owe an answer to, of those to settle and of those to co-sign. Beyond them it is not asked
until it gives one: it is dead, or too slow. Apart, because anybody can have quotes made, and must not keep a node from
settling by that."""
SKEW = 15
"""Seconds that a peer's clock may differ from ours where it signs an intent; the contract allows as many."""
HURRY = 0.25
"""Share of the time limit for which the rest is waited for once a batch could be settled in large part."""
_TICK = 0.05
Signed = TypeVar("Signed", SignedReport, SignedBatch)
Slots = dict[PeerClient, BoundedSemaphore]

log = structlog.get_logger("payflow.node")


class Peers:
    """The configured peers' APIs. Thread-safe.

    All are asked at the same time and waited for up to `timeout` in all; one that is silent or wrong is logged and left
    out. What they say counts by the signature alone: the signer is recovered from it and must be one of the contract's
    (`is_signer`). What the contract would not take is no answer: the fastest peer may be a hostile one.
    """

    def __init__(self, urls: Sequence[str], *, timeout: float, digests: ReportDigests, stop: Event) -> None:
        """`urls`: base addresses; `timeout`: seconds; nobody is waited for once `stop` is set."""
        self._digests = digests
        self._timeout = timeout
        self._stop = stop
        self._signers = KnownSigners()
        peers = [PeerClient(url, timeout=timeout, connections=SETTLING + CO_SIGNING) for url in dict.fromkeys(urls)]
        self._settling: Slots = {peer: BoundedSemaphore(SETTLING) for peer in peers}
        self._co_signing: Slots = {peer: BoundedSemaphore(CO_SIGNING) for peer in peers}

    def close(self) -> None:
        """Give the connections back."""
        for peer in self._settling:
            peer.close()

    def collect(self, own: SignedReport, *, needed: int, is_signer: IsSigner) -> list[SignedReport]:
        """`own` and what peers have signed on the same payment, one per authorised signer, at most `needed`."""
        report = own.report

        def ask(peer: PeerClient) -> SignedReport:
            found = self._report(peer.ask("GET", f"/reports/{report.payment_id}"), report.payment_id)
            _require_same_times(found.report, report)
            return found

        return self._gather(own, ask, lambda signed: len(signed) >= needed, is_signer, self._settling)

    def collect_batch(self, own: SignedBatch, *, needed: int, is_signer: IsSigner) -> list[SignedBatch]:
        """`own` and what peers have signed on the same payments, one per authorised signer. A peer that does not know
        all of them yet answers for those that it knows. Peers are waited for until `needed` know all, and not for long
        once as many agree on at least half of them: a silent peer must not hold up what the others settle."""
        reports = {report.payment_id: report for report in own.reports}

        def ask(peer: PeerClient) -> SignedBatch:
            found = self._batch(peer.ask("POST", "/reports/batch", {"payment_ids": [*reports]}), [*reports])
            for one in found.reports:
                _require_same_times(one, reports[one.payment_id])
            return found

        def enough(signed: Collection[SignedBatch]) -> bool:
            return sum(len(one.reports) == len(reports) for one in signed) >= needed

        def nearly(signed: Collection[SignedBatch]) -> bool:
            alike = Counter(tuple([report.payment_id for report in one.reports]) for one in signed if one is not own)
            return any(2 * len(ids) >= len(reports) for ids, count in alike.items() if count >= needed - 1)

        return self._gather(own, ask, enough, is_signer, self._settling, nearly)

    def co_sign(
        self, own: SignedReport, intent: Mapping[str, str], *, needed: int, is_signer: IsSigner
    ) -> list[SignedReport]:
        """`own` and what peers sign on the same `intent` to pay at once, which is in the API's words."""

        def ask(peer: PeerClient) -> SignedReport:
            found = self._report(peer.ask("POST", "/reports", intent), own.report.payment_id)
            _require_valid_as_ours(found.report, own.report)
            return found

        return self._gather(own, ask, lambda signed: len(signed) >= needed, is_signer, self._co_signing)

    def _gather(
        self,
        own: Signed,
        ask: Callable[[PeerClient], Signed],
        enough: Callable[[Collection[Signed]], bool],
        is_signer: IsSigner,
        slots: Slots,
        nearly: Callable[[Collection[Signed]], bool] = lambda _signed: False,
    ) -> list[Signed]:
        answers: SimpleQueue[Signed | PeerError] = SimpleQueue()
        here: list[Signed] = []
        unasked, awaited = [*slots], len(slots)
        collected, until = {own.signer: own}, time.monotonic() + self._timeout
        while (awaited or here) and not self._stop.is_set() and not enough(collected.values()):
            left = max(until - time.monotonic(), 0)
            if left:
                # one that owes too many answers may give one in time
                unasked = [peer for peer in unasked if not self._begin(peer, slots[peer], ask, answers)]
            arrived = _arrived(answers, 0 if here else min(left, _TICK))
            awaited -= len(arrived)
            for one in arrived:
                if isinstance(one, PeerError):
                    log.info("peer without report", peer=one.peer, problem=one.problem)
                else:
                    here.append(one)
            if not here and not left:
                break
            # what is here counts also when the chain takes longer than the peers may, and a stranger's signature, about
            # which the chain must be asked, does not come before that of a known signer
            here.sort(key=lambda one: not self._signers.remembers(one.signer, is_signer))
            if here and (answer := here.pop(0)).signer not in collected and self._signers(answer.signer, is_signer):
                collected[answer.signer] = answer
                if nearly(collected.values()):
                    until = min(until, time.monotonic() + HURRY * self._timeout)
        if not enough(collected.values()):
            for peer in unasked:
                log.info("peer without report", peer=peer.name, problem="it owes too many answers already")
        return list(collected.values())

    def _begin(
        self,
        peer: PeerClient,
        slot: BoundedSemaphore,
        ask: Callable[[PeerClient], Signed],
        answers: "SimpleQueue[Signed | PeerError]",
    ) -> bool:
        """Ask in a thread of its own and say whether there will be an answer: not where the peer owes too many."""
        if not slot.acquire(blocking=False):
            return False
        try:
            # a daemon: one that waits for a peer must not keep the process from ending
            Thread(target=_ask, args=(peer, slot, ask, answers), name="payflow-peer", daemon=True).start()
        except RuntimeError as full:
            slot.release()
            answers.put(PeerError(peer=peer.name, problem=f"there is no thread to ask it ({full})"))
        return True

    def _report(self, document: Any, payment_id: str) -> SignedReport:
        report = RiskReport(**document["report"])
        if report.payment_id != payment_id:
            raise InvalidReport(field="payment_id", value=report.payment_id, problem=f"not {payment_id}")
        digest, signature = self._digests.report(report), Signature.from_hex(document["signature"])
        return SignedReport(report, "0x" + digest.hex(), signature.signer(digest), "0x" + signature.full().hex())

    def _batch(self, document: Any, payment_ids: Sequence[str]) -> SignedBatch:
        reports = tuple([RiskReport(**one) for one in document["reports"]])
        found = {report.payment_id for report in reports}
        if not reports or [report.payment_id for report in reports] != [one for one in payment_ids if one in found]:
            raise InvalidReport(field="reports", value=len(reports), problem="not on the payments asked for, in order")
        digest, signature = self._digests.batch(reports), Signature.from_hex(document["signature"])
        return SignedBatch(reports, "0x" + digest.hex(), signature.signer(digest), "0x" + signature.full().hex())


def _ask(
    peer: PeerClient,
    slot: BoundedSemaphore,
    ask: Callable[[PeerClient], Signed],
    answers: "SimpleQueue[Signed | PeerError]",
) -> None:
    try:
        answer: Signed | PeerError = ask(peer)
    except (InvalidReport, InvalidSignature) as invalid:
        answer = PeerError(peer=peer.name, problem=str(invalid))
    except PeerError as failed:
        answer = failed
    except Exception as broken:  # whatever an answer makes fail is the peer's failure and must not end this node
        answer = PeerError(peer=peer.name, problem=f"it cannot be read ({type(broken).__name__})")
    finally:
        slot.release()
    answers.put(answer)


def _arrived(answers: "SimpleQueue[Signed | PeerError]", seconds: float) -> "list[Signed | PeerError]":
    """What is there, waited for where nothing is."""
    found: list[Signed | PeerError] = []
    try:
        found.append(answers.get(timeout=seconds))
        while True:
            found.append(answers.get_nowait())
    except Empty:
        return found


def _require_same_times(report: RiskReport, own: RiskReport) -> None:
    """Raises InvalidReport. Times of a report on an escrow come from the chain (ADR 23): honest nodes say the same."""
    for name in ("issued_at", "expires_at"):
        value, ours = getattr(report, name), getattr(own, name)
        if value != ours:
            raise InvalidReport(field=name, value=value, problem=f"this node says {ours}")


def _require_valid_as_ours(report: RiskReport, own: RiskReport) -> None:
    """Raises InvalidReport for times by another clock that the contract might refuse: the payer's transaction would be
    reverted. Our own report is valid from now on."""
    lifetime = own.expires_at - own.issued_at
    if abs(report.issued_at - own.issued_at) > SKEW:
        raise InvalidReport(field="issued_at", value=report.issued_at, problem=f"this node says {own.issued_at}")
    earliest = own.expires_at - min(SKEW, lifetime // 2)
    if report.expires_at < earliest:
        raise InvalidReport(field="expires_at", value=report.expires_at, problem=f"too soon to pay: before {earliest}")
    if report.expires_at - report.issued_at > lifetime:
        problem = f"more than {lifetime} s after issued_at {report.issued_at}"
        raise InvalidReport(field="expires_at", value=report.expires_at, problem=problem)
