"""Other oracle nodes: asking for their signed report on a payment, and believing nothing that cannot be checked."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import structlog

from oracle.errors import InvalidReport, InvalidSignature, PeerError
from oracle.settings import endpoint
from oracle.signing import ReportDigests, RiskReport, Signature, SignedReport

MAX_ANSWER = 64 * 1024

log = structlog.get_logger("payflow.node")


class Peers:
    """The configured peers' APIs. Thread-safe."""

    def __init__(self, urls: Sequence[str], *, timeout: float, digests: ReportDigests) -> None:
        """`urls`: base addresses; `timeout`: seconds for one peer."""
        self._urls = tuple(urls)
        self._digests = digests
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        """Give the connections back."""
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
                report = self._ask(url, own.report)
                if report.signer not in collected and is_signer(report.signer):
                    collected[report.signer] = report
            except PeerError as failed:
                log.info("peer without report", peer=failed.peer, problem=failed.problem)
        return list(collected.values())

    def _ask(self, url: str, own: RiskReport) -> SignedReport:
        peer = endpoint(url)
        try:
            answer = self._client.get(f"{url}/reports/{own.payment_id}")
            if answer.status_code != httpx.codes.OK:
                raise PeerError(peer=peer, problem=f"HTTP status {answer.status_code}")
            if len(answer.content) > MAX_ANSWER:
                raise PeerError(peer=peer, problem=f"{len(answer.content)} bytes are too much")
            document: Any = answer.json()
            report = RiskReport(**document["report"])
            signature = Signature.from_hex(document["signature"])
        except httpx.HTTPError as failed:
            raise PeerError(peer=peer, problem=type(failed).__name__) from None
        except (InvalidReport, InvalidSignature) as invalid:
            raise PeerError(peer=peer, problem=str(invalid)) from None
        except (ValueError, KeyError, TypeError) as broken:
            raise PeerError(peer=peer, problem=f"it is no signed report ({type(broken).__name__})") from None
        if report.payment_id != own.payment_id:
            raise PeerError(peer=peer, problem=f"it is about payment {report.payment_id}")
        digest = self._digests.report(report)
        # the signer is recovered, never believed: the peer's own words on it are not even read
        signer = signature.signer(digest)
        return SignedReport(report, "0x" + digest.hex(), signer, "0x" + signature.full().hex())
