"""Other oracle nodes: asking for their signed report on a payment, and believing nothing that cannot be checked."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import httpx
import structlog

from oracle.errors import InvalidReport, InvalidSignature, PeerError
from oracle.settings import endpoint
from oracle.signing import ReportDigests, RiskReport, Signature, SignedReport

MAX_ANSWER = 64 * 1024
PARALLEL = 4
"""Requests to one peer at a time while quotes are made."""

log = structlog.get_logger("payflow.node")


class Peers:
    """The configured peers' APIs. Thread-safe."""

    def __init__(self, urls: Sequence[str], *, timeout: float, digests: ReportDigests) -> None:
        """`urls`: base addresses; `timeout`: seconds for one peer."""
        self._urls = tuple(urls)
        self._digests = digests
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)
        # each its own threads, so that those who wait for a dead peer keep nobody from asking the others
        self._pools = {url: ThreadPoolExecutor(PARALLEL, thread_name_prefix="payflow-peer") for url in self._urls}

    def close(self) -> None:
        """Give connections and threads back."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def collect(self, own: SignedReport, *, needed: int, is_signer: Callable[[str], bool]) -> list[SignedReport]:
        """`own` and what peers have signed on the same payment, one per authorised signer, at most `needed`.

        A peer that is silent or wrong is logged and left out.
        """
        collected = {own.signer: own}
        for url in self._urls:
            if len(collected) >= needed:
                break
            try:
                answer = self._request("GET", f"{url}/reports/{own.report.payment_id}")
                report = self._checked(url, answer, own.report.payment_id)
                if report.signer not in collected and is_signer(report.signer):
                    collected[report.signer] = report
            except PeerError as failed:
                log.info("peer without report", peer=failed.peer, problem=failed.problem)
        return list(collected.values())

    def co_sign(
        self, own: SignedReport, intent: Mapping[str, str], *, needed: int, is_signer: Callable[[str], bool]
    ) -> list[SignedReport]:
        """`own` and what peers sign on the same `intent` to pay at once, one per authorised signer, at most `needed`.

        `intent` in the API's words. All peers are asked at the same time; the silent and the wrong are logged and left
        out.
        """
        collected = {own.signer: own}
        asked = {pool.submit(self._request, "POST", f"{url}/reports", intent): url for url, pool in self._pools.items()}
        try:
            for answer in as_completed(asked):
                try:
                    report = self._checked(asked[answer], answer.result(), own.report.payment_id)
                    _require_in_force(asked[answer], report.report, own.report)
                    if report.signer not in collected and is_signer(report.signer):
                        collected[report.signer] = report
                except PeerError as failed:
                    log.info("peer without report", peer=failed.peer, problem=failed.problem)
                if len(collected) >= needed:
                    break
        finally:
            for answer in asked:
                answer.cancel()
        return list(collected.values())

    def _request(self, method: str, url: str, body: Mapping[str, str] | None = None) -> Any:
        """What a peer answers, as read from JSON. Raises PeerError."""
        peer = endpoint(url)
        try:
            answer = self._client.request(method, url, json=body)
            if answer.status_code != httpx.codes.OK:
                raise PeerError(peer=peer, problem=f"HTTP status {answer.status_code}")
            if len(answer.content) > MAX_ANSWER:
                raise PeerError(peer=peer, problem=f"{len(answer.content)} bytes are too much")
            return answer.json()
        except httpx.HTTPError as failed:
            raise PeerError(peer=peer, problem=type(failed).__name__) from None
        except ValueError as broken:
            raise PeerError(peer=peer, problem=f"it is no JSON ({type(broken).__name__})") from None

    def _checked(self, url: str, document: Any, payment_id: str) -> SignedReport:
        """A peer's answer as a signed report on that payment. Raises PeerError."""
        peer = endpoint(url)
        try:
            report = RiskReport(**document["report"])
            signature = Signature.from_hex(document["signature"])
        except (InvalidReport, InvalidSignature) as invalid:
            raise PeerError(peer=peer, problem=str(invalid)) from None
        except (ValueError, KeyError, TypeError) as broken:
            raise PeerError(peer=peer, problem=f"it is no signed report ({type(broken).__name__})") from None
        if report.payment_id != payment_id:
            raise PeerError(peer=peer, problem=f"it is about payment {report.payment_id}")
        digest = self._digests.report(report)
        # the signer is recovered, never believed: the peer's own words on it are not even read
        signer = signature.signer(digest)
        return SignedReport(report, "0x" + digest.hex(), signer, "0x" + signature.full().hex())


def _require_in_force(url: str, report: RiskReport, own: RiskReport) -> None:
    """A peer's clock may differ; what the contract would not take is worth nothing. Raises PeerError."""
    if report.expires_at <= own.issued_at or report.issued_at >= own.expires_at:
        times = f"it is valid from {report.issued_at} to {report.expires_at}, and ours from {own.issued_at}"
        raise PeerError(peer=endpoint(url), problem=times)
