"""A configured peer that was taken over, or is broken: what it can do is nothing, or one vote."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from oracle.signing import LocalSigner, ReportDigests, signed_batch, signed_report
from tests.oracle.devnet import Devnet
from tests.oracle.node.test_quorum import reports_of, serving
from tests.oracle.node.trio import SECOND_KEY, THIRD_KEY, trio
from tests.oracle.running import running
from tests.oracle.serving import served

DOLLAR = 10**6
NO_POINT = "0x" + "00" * 31 + "05" + "00" * 31 + "01" + "1b"
"""A signature whose r is the abscissa of no point of the curve."""
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b" " * 10_000


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Devnet]:
    with trio(tmp_path) as found:
        yield found


@contextmanager
def raw(content: bytes, *, pause: float = 0.0) -> Iterator[str]:
    """A server that sends these bytes to whoever connects, one by one where `pause` is above 0, and no end."""
    stopped = threading.Event()

    def feed(connection: socket.socket) -> None:
        try:
            for part in [content[at : at + 1] for at in range(len(content))] if pause else [content]:
                connection.sendall(part)
                if stopped.wait(pause):
                    break
            stopped.wait()
        except OSError:
            pass
        connection.close()

    def accept() -> None:
        while not stopped.is_set():
            try:
                threading.Thread(target=feed, args=(listener.accept()[0],), daemon=True).start()
            except TimeoutError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": 5},
        {"signature": None},
        {"signature": NO_POINT},
        {"report": {"overall_score": 5.5}},
        {"report": {"issued_at": True}},
        {"report": {"payment_id": 7}},
        {"report": None},
    ],
    ids=["number", "null", "no-point", "float", "bool", "id", "no-report"],
)
def test_collect__answer_of_wrong_types__is_left_out_and_the_node_goes_on(
    net: Devnet, tmp_path: Path, changes: dict[str, Any]
) -> None:
    def answer(asked: Any) -> Any:
        found = reports_of(second.service)(asked)
        if found is None or "report" not in found:
            return found
        report = changes.get("report", {})
        return {**found, **changes, "report": None if report is None else {**found["report"], **report}}

    with (
        running(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second,
        serving(answer) as url,
        running(net.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first,
    ):
        payment_id = net.pay(3 * DOLLAR)
        second.reaches(payment_id, PaymentStatus.PENDING)
        assert first.reaches_stage(payment_id, Stage.SHARING).reason == "reports of 1 of 2 signers"
        assert first.failure is None


def test_collect__nested_answer__is_left_out_and_the_process_lives(net: Devnet, tmp_path: Path) -> None:
    body = b"[" * 200_000
    with (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)) as url,
        running(net.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first,
    ):
        assert first.reaches_stage(net.pay(3 * DOLLAR), Stage.SHARING).reason == "reports of 1 of 2 signers"


def test_collect__signer_is_first_with_other_times__the_honest_quorum_settles(net: Devnet, tmp_path: Path) -> None:
    digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])
    thief = LocalSigner(bytes.fromhex(SECOND_KEY[2:]))

    def hostile(asked: Any) -> Any:
        if isinstance(asked, dict):
            return None
        changed = replace(third.service.report(asked).report, issued_at=0, expires_at=0)
        return asdict(signed_report(changed, digests, thief))

    def honest(asked: Any) -> Any:
        time.sleep(0.15)
        return reports_of(third.service)(asked)

    with (
        running(net.settings(tmp_path / "third", private_key=THIRD_KEY, submit_stagger=600)) as third,
        serving(hostile) as near,
        serving(honest) as far,
        running(net.settings(tmp_path / "first", peers=f"{near},{far}", submit_stagger=0)) as first,
    ):
        third.ready()
        for payment_id in [net.pay(3 * DOLLAR + number) for number in range(3)]:
            first.reaches(payment_id, PaymentStatus.SETTLED)


def test_settle__signer_claims_to_know_only_what_the_honest_lacks__the_honest_quorum_settles(
    net: Devnet, tmp_path: Path
) -> None:
    digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])
    thief = LocalSigner(bytes.fromhex(SECOND_KEY[2:]))
    ids = [net.pay(3 * DOLLAR + number) for number in range(5)]
    newest = ids[-1]

    def hostile(asked: Any) -> Any:
        if not isinstance(asked, dict) or newest not in asked["payment_ids"]:
            return None
        claimed = [third.service.report(one).report for one in (ids[0], newest) if one in asked["payment_ids"]]
        batch = signed_batch(claimed, digests, thief)
        return {"reports": [asdict(one) for one in batch.reports], "signature": batch.signature}

    def honest(asked: Any) -> Any:
        if isinstance(asked, dict):
            asked = {"payment_ids": [one for one in asked["payment_ids"] if one != newest]}
        return None if asked == newest else reports_of(third.service)(asked)

    with (
        running(net.settings(tmp_path / "third", private_key=THIRD_KEY, submit_stagger=600)) as third,
        serving(hostile) as near,
        serving(honest) as far,
    ):
        third.ready()
        with running(net.settings(tmp_path / "first", peers=f"{near},{far}", submit_stagger=0)) as first:
            assert len({first.reaches(one, PaymentStatus.SETTLED).settled_tx for one in ids[:-1]}) == 1


@pytest.mark.parametrize(("content", "pause"), [(b"", 0.0), (ENDLESS, 0.2)], ids=["silent", "drips"])
def test_run__peer_never_ends_its_answer__the_node_stops_when_told(
    net: Devnet, tmp_path: Path, content: bytes, pause: float
) -> None:
    with (
        raw(content, pause=pause) as url,
        running(net.settings(tmp_path / "first", peers=url, submit_stagger=0, peer_timeout=60)) as first,
    ):
        first.reaches(net.pay(3 * DOLLAR), PaymentStatus.PENDING)
        time.sleep(1.0)  # the worker waits for the peer now
        told = time.monotonic()
        first.tell_to_stop()
        assert time.monotonic() - told < 5


def test_run__peer_drips__later_payments_are_scored_meanwhile(net: Devnet, tmp_path: Path) -> None:
    with (
        raw(ENDLESS, pause=0.2) as url,
        running(net.settings(tmp_path / "first", peers=url, submit_stagger=0, peer_timeout=1)) as first,
    ):
        for number in range(3):
            payment_id = net.pay(3 * DOLLAR + number)
            assert first.reaches_stage(payment_id, Stage.SHARING).reason == "reports of 1 of 2 signers"


def test_post__json_nested_deeper_than_anybody_writes__is_refused_and_the_node_lives(
    net: Devnet, tmp_path: Path
) -> None:
    with served(net.settings(tmp_path / "first", request_bytes=2**20)) as first:
        for path in ("/analyze", "/oracle-format", "/reports/batch"):
            for body in ("[" * 900_000, '{"a":' * 150_000):
                headers = {"Content-Type": "application/json"}
                assert first.client.post(path, content=body, headers=headers).status_code in (400, 422)
        assert first.client.get("/health").status_code == 200


def test_post__public_uses_up_its_rate__peers_settle_all_the_same(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    with served(net.settings(tmp_path / "first", rate_per_minute=5)) as first:
        first.node.reaches(payment_id, PaymentStatus.PENDING)
        assert {first.client.get("/stats").status_code for _ in range(8)} == {200, 429}
        parties = {"sender": net.payer, "recipient": net.payee, "token": net.token}
        intent = {**parties, "amount": "1", "reference": "0x" + "01" * 16}
        answers = [first.client.post("/reports", json=intent).status_code for _ in range(6)]
        assert answers == [200] * 5 + [429]
        assert first.client.get(f"/reports/{payment_id}").status_code == 200
        assert first.client.post("/reports/batch", json={"payment_ids": [payment_id]}).status_code == 200


def test_quote__key_without_the_role__is_refused_and_says_why(net: Devnet, tmp_path: Path) -> None:
    with served(net.settings(tmp_path / "stranger", private_key="0x" + "77" * 32)) as stranger:
        stranger.node.problem("not-a-signer")
        asked = {"sender": net.payer, "recipient": net.payee, "amount": "1"}
        answer = stranger.client.post("/oracle-format", json=asked)
        assert (answer.status_code, "AI_ORACLE_ROLE" in answer.json()["detail"]) == (503, True)
