"""Other oracle nodes: asking for their signatures, and believing nothing that cannot be checked."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

import httpx
import structlog

from oracle.errors import InvalidReport, InvalidSignature, PeerError
from oracle.settings import endpoint
from oracle.signing import ReportDigests, RiskReport, Signature, SignedBatch, SignedReport

MAX_ANSWER = 256 * 1024
"""A report is 0.7 kB of JSON, and a batch has up to a hundred."""
PARALLEL = 4
"""Requests to one peer at a time."""
Signed = TypeVar("Signed", SignedReport, SignedBatch)

log = structlog.get_logger("payflow.node")


class Peers:
    """The configured peers' APIs. Thread-safe.

    All are asked at the same time; one that is silent or wrong is logged and left out. What they say counts by the
    signature alone: the signer is recovered from it and must be one of the contract's (`is_signer`).
    """

    def __init__(self, urls: Sequence[str], *, timeout: float, digests: ReportDigests) -> None:
        """`urls`: base addresses; `timeout`: seconds for one peer."""
        self._digests = digests
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)
        # each its own threads, so that those who wait for a dead peer keep nobody from asking the others
        self._pools = {url: ThreadPoolExecutor(PARALLEL, thread_name_prefix="payflow-peer") for url in urls}

    def close(self) -> None:
        """Give connections and threads back."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def collect(self, own: SignedReport, *, needed: int, is_signer: Callable[[str], bool]) -> list[SignedReport]:
        """`own` and what peers have signed on the same payment, one per authorised signer, at most `needed`."""

        def ask(url: str) -> SignedReport:
            answer = self._request(url, "GET", f"/reports/{own.report.payment_id}")
            return self._report(url, answer, own.report.payment_id)

        return self._gather(own, ask, needed, is_signer)

    def collect_batch(self, own: SignedBatch, *, needed: int, is_signer: Callable[[str], bool]) -> list[SignedBatch]:
        """The same for reports on several payments under one signature a signer."""
        ids = [report.payment_id for report in own.reports]

        def ask(url: str) -> SignedBatch:
            return self._batch(url, self._request(url, "POST", "/reports/batch", {"payment_ids": ids}), ids)

        return self._gather(own, ask, needed, is_signer)

    def co_sign(
        self, own: SignedReport, intent: Mapping[str, str], *, needed: int, is_signer: Callable[[str], bool]
    ) -> list[SignedReport]:
        """`own` and what peers sign on the same `intent` to pay at once, which is in the API's words."""

        def ask(url: str) -> SignedReport:
            found = self._report(url, self._request(url, "POST", "/reports", intent), own.report.payment_id)
            _require_in_force(url, found.report, own.report)
            return found

        return self._gather(own, ask, needed, is_signer)

    def _gather(
        self, own: Signed, ask: Callable[[str], Signed], needed: int, is_signer: Callable[[str], bool]
    ) -> list[Signed]:
        collected = {own.signer: own}
        asked = [pool.submit(ask, url) for url, pool in self._pools.items()]
        try:
            for answer in as_completed(asked):
                try:
                    signed = answer.result()
                except PeerError as failed:
                    log.info("peer without report", peer=failed.peer, problem=failed.problem)
                    continue
                if signed.signer not in collected and is_signer(signed.signer):
                    collected[signed.signer] = signed
                if len(collected) >= needed:
                    break
        finally:
            for answer in asked:
                answer.cancel()
        return list(collected.values())

    def _request(self, url: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What a peer answers, as read from JSON. Raises PeerError."""
        peer = endpoint(url)
        try:
            answer = self._client.request(method, url + path, json=body)
            if answer.status_code != httpx.codes.OK:
                raise PeerError(peer=peer, problem=f"HTTP status {answer.status_code}")
            if len(answer.content) > MAX_ANSWER:
                raise PeerError(peer=peer, problem=f"{len(answer.content)} bytes are too much")
            return answer.json()
        except httpx.HTTPError as failed:
            raise PeerError(peer=peer, problem=type(failed).__name__) from None
        except ValueError as broken:
            raise PeerError(peer=peer, problem=f"it is no JSON ({type(broken).__name__})") from None

    def _report(self, url: str, document: Any, payment_id: str) -> SignedReport:
        (report,), signature = _read(url, document, [payment_id], lambda: [document["report"]])
        digest = self._digests.report(report)
        return SignedReport(report, "0x" + digest.hex(), signature.signer(digest), "0x" + signature.full().hex())

    def _batch(self, url: str, document: Any, payment_ids: Sequence[str]) -> SignedBatch:
        reports, signature = _read(url, document, payment_ids, lambda: document["reports"])
        digest = self._digests.batch(reports)
        return SignedBatch(reports, "0x" + digest.hex(), signature.signer(digest), "0x" + signature.full().hex())


def _read(
    url: str, document: Any, payment_ids: Sequence[str], members: Callable[[], Any]
) -> tuple[tuple[RiskReport, ...], Signature]:
    """Reports on exactly these payments, and the signature beside them. Raises PeerError."""
    peer = endpoint(url)
    try:
        reports = tuple([RiskReport(**one) for one in members()])
        signature = Signature.from_hex(document["signature"])
    except (InvalidReport, InvalidSignature) as invalid:
        raise PeerError(peer=peer, problem=str(invalid)) from None
    except (ValueError, KeyError, TypeError) as broken:
        raise PeerError(peer=peer, problem=f"it is no signed report ({type(broken).__name__})") from None
    if (found := [report.payment_id for report in reports]) != list(payment_ids):
        raise PeerError(peer=peer, problem=f"it is about {', '.join(found[:3]) or 'no payment'}")
    return reports, signature


def _require_in_force(url: str, report: RiskReport, own: RiskReport) -> None:
    """A peer's clock may differ; what the contract would not take is worth nothing. Raises PeerError."""
    if report.expires_at <= own.issued_at or report.issued_at >= own.expires_at:
        times = f"it is valid from {report.issued_at} to {report.expires_at}, and ours from {own.issued_at}"
        raise PeerError(peer=endpoint(url), problem=times)
