"""Other oracle nodes: asking for their signatures, and believing nothing that cannot be checked."""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from typing import Any, TypeVar

import httpx
import structlog

from oracle.errors import InvalidReport, InvalidSignature, PeerError
from oracle.settings import endpoint
from oracle.signing import ReportDigests, RiskReport, Signature, SignedBatch, SignedReport

MAX_ANSWER = 256 * 1024
"""Bytes. A report is 0.7 kB of JSON, and a batch has up to a hundred."""
PARALLEL = 4
"""Requests that one peer may owe an answer to. Beyond them it is not asked: it is dead, or too slow to wait for."""
SKEW = 15
"""Seconds that a peer's clock may differ from ours where it signs an intent; the contract allows as many."""
SAME = 0
"""Seconds. The times of a report on an escrow come from the chain (ADR 23): honest nodes say the same."""
_TICK = 0.1
Signed = TypeVar("Signed", SignedReport, SignedBatch)

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
        # a compressed answer could be a thousand times what was received
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, headers={"Accept-Encoding": "identity"})
        self._free = {url: BoundedSemaphore(PARALLEL) for url in urls}

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def collect(self, own: SignedReport, *, needed: int, is_signer: Callable[[str], bool]) -> list[SignedReport]:
        """`own` and what peers have signed on the same payment, one per authorised signer, at most `needed`."""
        report = own.report

        def ask(url: str) -> SignedReport:
            found = self._report(self._request(url, "GET", f"/reports/{report.payment_id}"), report.payment_id)
            _require_times(found.report, report, SAME)
            return found

        return self._gather(own, ask, lambda signed: len(signed) >= needed, is_signer)

    def collect_batch(self, own: SignedBatch, *, needed: int, is_signer: Callable[[str], bool]) -> list[SignedBatch]:
        """`own` and what peers have signed on the same payments, one per authorised signer. A peer that does not know
        all of them yet answers for those that it knows; peers are waited for until `needed` know all."""
        reports = {report.payment_id: report for report in own.reports}

        def ask(url: str) -> SignedBatch:
            answer = self._request(url, "POST", "/reports/batch", {"payment_ids": [*reports]})
            found = self._batch(answer, [*reports])
            for one in found.reports:
                _require_times(one, reports[one.payment_id], SAME)
            return found

        def enough(signed: Collection[SignedBatch]) -> bool:
            return sum(len(one.reports) == len(reports) for one in signed) >= needed

        return self._gather(own, ask, enough, is_signer)

    def co_sign(
        self, own: SignedReport, intent: Mapping[str, str], *, needed: int, is_signer: Callable[[str], bool]
    ) -> list[SignedReport]:
        """`own` and what peers sign on the same `intent` to pay at once, which is in the API's words."""

        def ask(url: str) -> SignedReport:
            found = self._report(self._request(url, "POST", "/reports", intent), own.report.payment_id)
            _require_times(found.report, own.report, SKEW)
            return found

        return self._gather(own, ask, lambda signed: len(signed) >= needed, is_signer)

    def _gather(
        self,
        own: Signed,
        ask: Callable[[str], Signed],
        enough: Callable[[Collection[Signed]], bool],
        is_signer: Callable[[str], bool],
    ) -> list[Signed]:
        answers: SimpleQueue[Signed | PeerError] = SimpleQueue()
        for url in self._free:
            # daemons: one that waits for a peer must not keep the process from ending
            Thread(target=self._ask, args=(url, ask, answers), name="payflow-peer", daemon=True).start()
        collected, until = {own.signer: own}, time.monotonic() + self._timeout
        for _ in self._free:
            answer = None if enough(collected.values()) else self._next(answers, until)
            if answer is None:
                break
            if isinstance(answer, PeerError):
                log.info("peer without report", peer=answer.peer, problem=answer.problem)
            elif answer.signer not in collected and is_signer(answer.signer):
                collected[answer.signer] = answer
        return list(collected.values())

    def _next(self, answers: "SimpleQueue[Signed | PeerError]", until: float) -> "Signed | PeerError | None":
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            try:
                return answers.get(timeout=min(left, _TICK))
            except Empty:
                continue
        return None

    def _ask(self, url: str, ask: Callable[[str], Signed], answers: "SimpleQueue[Signed | PeerError]") -> None:
        if not self._free[url].acquire(blocking=False):
            answers.put(PeerError(peer=endpoint(url), problem=f"it owes {PARALLEL} answers already"))
            return
        try:
            answers.put(ask(url))
        except (InvalidReport, InvalidSignature) as invalid:
            answers.put(PeerError(peer=endpoint(url), problem=str(invalid)))
        except PeerError as failed:
            answers.put(failed)
        except Exception as broken:  # whatever an answer makes fail is the peer's failure and must not end this node
            answers.put(PeerError(peer=endpoint(url), problem=f"it cannot be read ({type(broken).__name__})"))
        finally:
            self._free[url].release()

    def _request(self, url: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What a peer answers, as read from JSON. Raises PeerError, and what broken JSON raises."""
        peer, until, content = endpoint(url), time.monotonic() + self._timeout, bytearray()
        with self._client.stream(method, url + path, json=body) as answer:
            if answer.status_code != httpx.codes.OK:
                raise PeerError(peer=peer, problem=f"HTTP status {answer.status_code}")
            for part in answer.iter_raw():
                content += part
                if len(content) > MAX_ANSWER:
                    raise PeerError(peer=peer, problem=f"more than {MAX_ANSWER} bytes are too much")
                if time.monotonic() > until:
                    raise PeerError(peer=peer, problem=f"it takes longer than {self._timeout} s")
        return json.loads(content)

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


def _require_times(report: RiskReport, own: RiskReport, skew: int) -> None:
    """Raises InvalidReport where its times differ from ours by more than `skew` seconds."""
    for name in ("issued_at", "expires_at"):
        value, ours = getattr(report, name), getattr(own, name)
        if abs(value - ours) > skew:
            raise InvalidReport(field=name, value=value, problem=f"this node says {ours}")
