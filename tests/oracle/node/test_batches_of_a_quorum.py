"""Many payments, one transaction, one signature a signer: nodes sign each other's batches, over real HTTP."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from oracle.signing import LocalSigner, ReportDigests, signed_batch
from oracle.verify import Outcome
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet
from tests.oracle.node.test_quorum import reports_of, serving
from tests.oracle.node.trio import SIGNERS as TRIO
from tests.oracle.node.trio import THIRD_KEY, trio
from tests.oracle.running import RunningNode, eventually, running
from tests.oracle.serving import served
from tests.oracle.verify.scene import verified

DOLLAR = 10**6
SECOND_KEY = "0x" + "5c" * 32
SIGNERS = [LocalSigner(bytes.fromhex(key[2:])).address for key in (SIGNER_KEY, SECOND_KEY)]


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Devnet]:
    with devnet(tmp_path, signers=SIGNERS, quorum=2) as found:
        found.anvil.call("anvil_setBalance", SIGNERS[1], hex(10**18))
        yield found


def transactions(node: RunningNode, ids: list[str]) -> set[str]:
    return {node.reaches(one, PaymentStatus.SETTLED).settled_tx for one in ids}


def test_settle__quorum_of_two__all_payments_in_one_transaction(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(7)]
    with (
        # the peer leaves submitting to the other one
        served(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second,
        running(net.settings(tmp_path / "first", peers=second.url, submit_stagger=0)) as first,
    ):
        assert len(transactions(first, ids)) == 1
        (attempt,) = first.service.payment(ids[0]).attempts
        assert len(net.events("VerdictApplied")) == len(ids)
        gas = int(net.anvil.call("eth_getTransactionReceipt", attempt.tx)["gasUsed"], 16) / len(ids)
        assert gas < 60_000, "a payment in a batch costs less than one alone"
    assert verified(net, ids[3]).outcome is Outcome.IDENTICAL, "an outsider finds the same"


def test_settle__batch_larger_than_rpc_nodes_take__goes_in_parts(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.node.dispatch.LARGEST_CALLDATA", 3_000)
    ids = [net.pay(3 * DOLLAR + number) for number in range(7)]
    with (
        served(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second,
        running(net.settings(tmp_path / "first", peers=second.url, submit_stagger=0)) as first,
    ):
        assert 1 < len(transactions(first, ids)) < len(ids)


def test_settle__peer_lacks_one_of_them__the_others_go_together_and_it_waits(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(4)]

    def answer(asked: Any) -> Any:
        if isinstance(asked, dict):
            return reports_of(second.service)({"payment_ids": [one for one in asked["payment_ids"] if one != ids[2]]})
        return None if asked == ids[2] else reports_of(second.service)(asked)

    with (
        running(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second,
        serving(answer) as url,
    ):
        second.ready()
        with running(net.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first:
            assert len(transactions(first, [one for one in ids if one != ids[2]])) == 1
            view = first.reaches_stage(ids[2], Stage.SHARING)
            assert (view.status, view.reason) == (PaymentStatus.PENDING, "reports of 1 of 2 signers")


def knowing(node: RunningNode, known: list[str]) -> Callable[[Any], Any]:
    """A peer that is an honest node, and has not read more than these payments yet."""

    def answer(asked: Any) -> Any:
        if not isinstance(asked, dict):
            return reports_of(node.service)(asked) if asked in known else None
        payment_ids = [one for one in asked["payment_ids"] if one in known]
        return reports_of(node.service)({"payment_ids": payment_ids}) if payment_ids else None

    return answer


def test_settle__signer_claims_more_than_the_honest_but_not_the_first__all_go_in_the_same_round(tmp_path: Path) -> None:
    with trio(tmp_path) as net:
        digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])
        thief = LocalSigner(bytes.fromhex(SECOND_KEY[2:]))
        ids = [net.pay(3 * DOLLAR + number) for number in range(5)]

        def hostile(asked: Any) -> Any:
            claimed = [one for one in asked["payment_ids"] if one != ids[0]] if isinstance(asked, dict) else []
            if not claimed:
                return None
            batch = signed_batch([third.service.report(one).report for one in claimed], digests, thief)
            return {"reports": [asdict(one) for one in batch.reports], "signature": batch.signature}

        with running(net.settings(tmp_path / "third", private_key=THIRD_KEY, submit_stagger=600)) as third:
            for one in ids:
                third.reaches(one, PaymentStatus.PENDING)
            with serving(hostile) as near, serving(knowing(third, ids[:3])) as far:
                # whoever is put off waits longer than the test
                peers = f"{near},{far}"
                waits = {"submit_stagger": 0, "retry_first": 60, "retry_max": 60}
                with running(net.settings(tmp_path / "first", peers=peers, **waits)) as first:
                    assert len(transactions(first, ids[1:])) == 1
                    first.reaches(ids[0], PaymentStatus.SETTLED)


def test_settle__honest_peers_know_different_ones__what_all_know_goes_together_and_the_rest_waits(
    tmp_path: Path,
) -> None:
    with devnet(tmp_path, signers=TRIO, quorum=3) as net:
        ids = [net.pay(3 * DOLLAR + number) for number in range(5)]
        with (
            running(net.settings(tmp_path / "2", private_key=SECOND_KEY, submit_stagger=600)) as second,
            running(net.settings(tmp_path / "3", private_key=THIRD_KEY, submit_stagger=600)) as third,
        ):
            for one in ids:
                second.reaches(one, PaymentStatus.PENDING)
                third.reaches(one, PaymentStatus.PENDING)
            with serving(knowing(second, ids[:4])) as one, serving(knowing(third, [*ids[:3], ids[4]])) as other:
                peers = f"{one},{other}"
                with running(net.settings(tmp_path / "1", peers=peers, submit_stagger=0)) as first:
                    assert len(transactions(first, ids[:3])) == 1
                    for payment_id in ids[3:]:
                        assert first.reaches_stage(payment_id, Stage.SHARING).status is PaymentStatus.PENDING


def test_settle__slow_peer_that_knows_nothing__blocks_are_read_before_all_groups_were_asked_for(
    net: Devnet, tmp_path: Path
) -> None:
    for number in range(12):
        net.pay(3 * DOLLAR + number)
    cursors: list[int | None] = []

    def answer(asked: Any) -> None:
        cursors.append(first.service.health().cursor_block)
        if len(cursors) == 1:
            net.anvil.mine()
        time.sleep(0.35)

    with serving(answer) as url:
        # whoever was asked for is put off for longer than the test takes
        waits = {"submit_stagger": 0, "peer_timeout": 0.4, "retry_first": 60, "retry_max": 60}
        with running(net.settings(tmp_path / "first", peers=url, batch_size=3, **waits)) as first:
            eventually(lambda: len(cursors) == 4, "all four groups were asked for", lambda: cursors)
            assert cursors[0] is not None
            assert cursors[3] == cursors[0] + 1


def test_settle__peer_signs_them_in_another_order__is_left_out(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(3)]

    def answer(asked: Any) -> Any:
        if not isinstance(asked, dict):
            return None
        batch = second.service.sign_batch(asked["payment_ids"][::-1])
        return {"reports": [asdict(one) for one in batch.reports], "signature": batch.signature}

    with (
        running(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second,
        serving(answer) as url,
    ):
        second.ready()
        with running(net.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first:
            for one in ids:
                assert first.reaches_stage(one, Stage.SHARING).reason == "reports of 1 of 2 signers"
    assert net.events("VerdictApplied") == []


def test_sign_batch__payments_that_it_does_not_settle__are_left_out(net: Devnet, tmp_path: Path) -> None:
    known, strange = net.pay(3 * DOLLAR), "0x" + "11" * 32
    with served(net.settings(tmp_path / "second", private_key=SECOND_KEY, submit_stagger=600)) as second:
        second.node.reaches(known, PaymentStatus.PENDING)
        batch = second.client.post("/reports/batch", json={"payment_ids": [known, strange, known]}).json()
        assert [one["payment_id"] for one in batch["reports"]] == [known]
        answer = second.client.post("/reports/batch", json={"payment_ids": [strange]})
        assert (answer.status_code, answer.json()["data"]["payment_id"]) == (404, strange)
        assert second.client.post("/reports/batch", json={"payment_ids": [known] * 101}).status_code == 422
