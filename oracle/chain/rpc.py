"""JSON-RPC to one node: time limits, retries for reads, and every failure as an error of the tree."""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import requests
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint, RPCResponse

from oracle.chain.answers import Answer, brief, code, is_data, plain_text
from oracle.errors import RpcRejected, RpcUnavailable
from oracle.settings import endpoint
from oracle.signing import recursion  # noqa: F401 (web3 brings what raises the limit)

T = TypeVar("T")

FIRST_WAIT = 0.1
"""Seconds before the first retry; doubles with each, up to MAX_WAIT, and varies by half so that clients spread out."""
MAX_WAIT = 2.0
LATER = frozenset({408, 425, 429, 502, 503, 504})
"""HTTP statuses after which the same request may be answered."""
SERVERS_OWN = 500
REVERTED = 3
"""The code of JSON-RPC for a contract's refusal, with geth and those that follow it."""
BATCH = 100
"""Calls per JSON-RPC batch: what public RPC nodes commonly take."""


class Rpc:
    """A JSON-RPC client. Thread-safe (web3's provider keeps one HTTP session per thread).

    `stop`, once set, ends waits between retries at once.
    """

    def __init__(self, url: str, *, timeout: float, retries: int, stop: threading.Event | None = None) -> None:
        """`timeout`: seconds for one answer; `retries`: further attempts for a read that failed."""
        self.endpoint = endpoint(url)
        self._provider = _Provider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)
        self._retries = retries
        self._stop = stop or threading.Event()
        self._batches = True

    def read(self, method: str, *params: Any) -> Any:
        """The result of a call that changes nothing, retried where no answer came.

        Raises RpcUnavailable after the last attempt, RpcRejected where the node answered with an error.
        """
        return self._result(
            method, self._retried(method, lambda: self._provider.make_request(RPCEndpoint(method), params))
        )

    def read_many(self, method: str, params: Sequence[Sequence[Any]]) -> list[Any]:
        """Results of the same read for each of `params`, in order, in as few round trips as the node allows.

        Raises as `read` does, for the first call that failed.
        """
        results: list[Any] = []
        for start in range(0, len(params), BATCH):
            part = params[start : start + BATCH]
            answers = self._batch(method, part) if self._batches and len(part) > 1 else None
            if answers is None:
                results.extend(self.read(method, *one) for one in part)
            else:
                results.extend(self._result(method, answer) for answer in answers)
        return results

    def ask(self, method: str, *params: Any) -> Answer:
        """As `read`, to be looked into safely."""
        return Answer(self.endpoint, method, self.read(method, *params))

    def ask_many(self, method: str, params: Sequence[Sequence[Any]]) -> list[Answer]:
        """As `read_many`, to be looked into safely."""
        return [Answer(self.endpoint, method, one) for one in self.read_many(method, params)]

    def write(self, method: str, *params: Any) -> Any:
        """One attempt, no retry: for calls whose repetition is the caller's decision. Raises as `read` does."""
        try:
            answer = self._provider.make_request(RPCEndpoint(method), params)
        except _FAILURES as failed:
            raise RpcUnavailable(endpoint=self.endpoint, method=method, attempts=1, cause=_cause(failed)) from None
        return self._result(method, answer)

    def _batch(self, method: str, params: Sequence[Sequence[Any]]) -> list[Any] | None:
        """The answers in order, or None where this node takes no batches."""
        calls = [(RPCEndpoint(method), one) for one in params]
        answers = self._retried(method, lambda: self._provider.make_batch_request(calls))
        if isinstance(answers, list) and len(answers) == len(params):
            by_id = {_id_of(answer): answer for answer in answers}
            if None not in by_id and len(by_id) == len(params):
                return [answer for _, answer in sorted(by_id.items())]
            # which answer is of which call nobody can tell, but a refusal (too many calls, as a rule) is for them all
            for answer in answers:
                if isinstance(answer, dict) and answer.get("error") is not None:
                    self._result(method, answer)
        self._batches = False
        return None

    def _retried(self, method: str, call: Callable[[], T]) -> T:
        wait = FIRST_WAIT
        for attempt in range(1, self._retries + 2):
            try:
                return call()
            except _FAILURES as failed:
                if attempt > self._retries or self._stop.wait(wait * random.uniform(0.5, 1.5)):  # noqa: S311
                    raise RpcUnavailable(
                        endpoint=self.endpoint, method=method, attempts=attempt, cause=_cause(failed)
                    ) from None
                wait = min(wait * 2, MAX_WAIT)
        raise AssertionError("the loop returns or raises")

    def _result(self, method: str, answer: Any) -> Any:
        error = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or (error is None and "result" not in answer):
            raise RpcUnavailable(
                endpoint=self.endpoint, method=method, attempts=1, cause="its answer is no JSON-RPC document"
            )
        if error is None:
            return answer["result"]
        if not isinstance(error, dict):
            error = {"message": plain_text(error)}
        raise RpcRejected(
            endpoint=self.endpoint,
            method=method,
            rpc_code=code(error.get("code")),
            message=plain_text(error.get("message") or "no message"),
            revert=_revert_data(error.get("data")),
        )


class _Provider(HTTPProvider):
    """web3's, but for batches, whose answers it sorts by ids that they may not have, and for errors of JSON-RPC that
    come with an HTTP status."""

    def make_batch_request(self, batch_requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        """The answers as they came."""
        request = self.encode_batch_rpc_request(batch_requests)
        return self.decode_rpc_response(self._make_request(RPCEndpoint("batch"), request))

    def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:
        try:
            return super()._make_request(method, request_data)
        except requests.HTTPError as refused:
            if refused.response is None or not _is_final(refused.response):
                raise
            return refused.response.content


# ValueError: an answer that is no JSON; RecursionError: JSON that is nested without end
_FAILURES = (requests.RequestException, OSError, ValueError, RecursionError, Web3Exception)


def _is_final(answer: requests.Response) -> bool:
    """Whether an answer whose HTTP status says that it failed is an error of JSON-RPC that another attempt would meet
    again. A limit on requests is worth one, whatever the words, and so is what the RPC node calls its own failure."""
    if answer.status_code in LATER:
        return False
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        return False
    parts = document if isinstance(document, list) else [document]
    errors = [one["error"] for one in parts if isinstance(one, dict) and isinstance(one.get("error"), dict)]
    return any(answer.status_code < SERVERS_OWN or _is_revert(error) for error in errors)


def _is_revert(error: dict[str, Any]) -> bool:
    return bool(error.get("code") == REVERTED or error.get("data") or "revert" in str(error.get("message")).lower())


def _id_of(answer: Any) -> int | None:
    """The call that an answer of a batch is of; None where it does not say so."""
    found = code(answer.get("id")) if isinstance(answer, dict) and answer.get("id") is not None else None
    return found if isinstance(found, int) else None


def _cause(failed: BaseException) -> str:
    """Why no answer came, without the address (requests puts path and query, which may hold keys, into its text)."""
    if isinstance(failed, requests.HTTPError) and failed.response is not None:
        return f"HTTP status {failed.response.status_code}"
    if isinstance(failed, requests.Timeout):
        return "it took too long"
    if isinstance(failed, requests.ConnectionError):
        return "the connection failed"
    return type(failed).__name__


def _revert_data(data: Any) -> str | None:
    """Revert data where an RPC node puts it: as `data` itself, or one level down (geth behind some proxies)."""
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if not isinstance(data, str) or not data.startswith("0x"):
        return None
    return data if is_data(data) else brief(data)
