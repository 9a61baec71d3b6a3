"""Two signers, two nodes: each asks the other for its report, and checks every word of the answer."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.errors import PayFlowError
from oracle.node import ListKind, NodeService, Stage
from oracle.signing import LocalSigner
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet
from tests.oracle.running import running

DOLLAR = 10**6
SECOND_KEY = "0x" + "5c" * 32
SECOND = LocalSigner(bytes.fromhex(SECOND_KEY[2:])).address


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Devnet]:
    first = LocalSigner(bytes.fromhex(SIGNER_KEY[2:])).address
    with devnet(tmp_path, signers=[first, SECOND], quorum=2) as net:
        net.anvil.call("anvil_setBalance", SECOND, hex(10**18))
        yield net


@contextmanager
def serving(answer: Callable[[Any], Any]) -> Iterator[str]:
    """A peer's API: GET /reports/{payment id}, POST /reports with an intent; None answers 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(answer(self.path.rpartition("/")[2]))

        def do_POST(self) -> None:
            self.answer(answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def answer(self, found: Any) -> None:
            content = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def reports_of(service: NodeService) -> Callable[[Any], Any]:
    def answer(asked: Any) -> Any:
        try:
            if isinstance(asked, dict):
                batch = service.sign_batch(asked["payment_ids"])
                return {"reports": [dataclasses.asdict(one) for one in batch.reports], "signature": batch.signature}
            return dataclasses.asdict(service.report(asked))
        except PayFlowError:
            return None

    return answer


def test_collect__two_honest_nodes__settle_with_both_signatures_on_one_report(pair: Devnet, tmp_path: Path) -> None:
    with (
        running(pair.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
        serving(reports_of(second.service)) as url,
        running(pair.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first,
    ):
        ids = [pair.pay(3 * DOLLAR + number) for number in range(3)]
        for payment_id in ids:
            first.reaches(payment_id, PaymentStatus.SETTLED)
            second.reaches(payment_id, PaymentStatus.SETTLED)
        assert second.payment(ids[0]).stage is Stage.DONE
        assert first.service.health().quorum == 2
    assert len(pair.events("VerdictApplied")) == 3


def test_collect__nodes_that_disagree__the_higher_middle_score_decides(pair: Devnet, tmp_path: Path) -> None:
    with (
        running(pair.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
        serving(reports_of(second.service)) as url,
        running(pair.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first,
    ):
        second.ready()
        second.service.list_add(ListKind.BLACKLIST, pair.payee)
        payment_id = pair.pay(3 * DOLLAR)
        view = first.reaches(payment_id, PaymentStatus.BLOCKED)
        assert view.score <= 40
        assert view.verdict_score == second.payment(payment_id).score


def forged(answer: Callable[[str], Any], **changes: Any) -> Callable[[str], Any]:
    def forge(payment_id: str) -> Any:
        found = answer(payment_id)
        return found and {**found, "report": {**found["report"], **changes}}

    return forge


@pytest.mark.parametrize(
    "peer",
    [
        lambda _answer: lambda _id: None,
        lambda _answer: lambda _id: {"report": {}},
        lambda _answer: lambda _id: ["no", "report"],
        lambda answer: forged(answer, velocity_score=99),
        lambda answer: forged(answer, overall_score=101),
        lambda answer: forged(answer, payment_id="0x" + "11" * 32),
        lambda answer: lambda payment_id: {**(answer(payment_id) or {"report": {}}), "signature": "0x00"},
    ],
    ids=["404", "empty", "list", "changed", "out-of-bounds", "other-payment", "no-signature"],
)
def test_collect__a_peer_that_lies__is_left_out(
    pair: Devnet, tmp_path: Path, peer: Callable[[Callable[[str], Any]], Callable[[str], Any]]
) -> None:
    with (
        running(pair.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
        serving(peer(reports_of(second.service))) as url,
        running(pair.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first,
    ):
        payment_id = pair.pay(3 * DOLLAR)
        second.reaches(payment_id, PaymentStatus.PENDING)
        view = first.reaches_stage(payment_id, Stage.SHARING)
        assert view.reason == "reports of 1 of 2 signers"
        assert pair.status(payment_id) == 1


def test_submit__both_nodes_hold_a_quorum__one_submits_and_the_other_sees_it(pair: Devnet, tmp_path: Path) -> None:
    nodes: dict[str, NodeService] = {}

    def answer(name: str) -> Callable[[str], Any]:
        return lambda payment_id: reports_of(nodes[name])(payment_id) if name in nodes else None

    pair.anvil.call("evm_setIntervalMining", 1)
    with (
        serving(answer("first")) as first_url,
        serving(answer("second")) as second_url,
        running(pair.settings(tmp_path / "first", peers=second_url, submit_stagger=60)) as first,
        running(
            pair.settings(tmp_path / "second", private_key=SECOND_KEY, peers=first_url, submit_stagger=60)
        ) as second,
    ):
        nodes.update(first=first.service, second=second.service)
        ids = [pair.pay(3 * DOLLAR + number) for number in range(4)]
        for payment_id in ids:
            first.reaches(payment_id, PaymentStatus.SETTLED)
            second.reaches(payment_id, PaymentStatus.SETTLED)
        sent = [
            attempt
            for service in nodes.values()
            for payment_id in ids
            for attempt in service.payment(payment_id).attempts
        ]
    assert len(sent) == len(ids)
