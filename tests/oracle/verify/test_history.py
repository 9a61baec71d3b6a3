"""Verdicts that rest on many earlier payments: the supervised model speaks only where it has some to rank among."""

import json
from pathlib import Path

from oracle.chain.status import PaymentStatus
from oracle.scoring.supervised.local_rank import LEAST
from oracle.verify import Outcome
from tests.oracle.devnet import Devnet
from tests.oracle.running import eventually
from tests.oracle.verify import scene
from tests.oracle.verify.scene import DOLLAR, verified


def test_verify__supervised_model_with_enough_history__identical_to_the_byte(net: Devnet, tmp_path: Path) -> None:
    with scene.working(net, tmp_path / "data") as node:
        ids = scene.busy(net, blocks=LEAST // 10 + 3, each=10)
        scene.caught_up(net, node)
        documents = {one: node.service.payment(one).evidence for one in ids}
        eventually(
            lambda: all(node.payment(one).status is not PaymentStatus.PENDING for one in ids), "all have a verdict"
        )
        instant, documents[instant] = scene.paid_instantly(net, node, 70 * DOLLAR)
    ranks = {one: float(json.loads(documents[one])["anomaly"]["supervised"]) for one in documents}
    assert max(ranks[one] for one in ids[:LEAST]) == 0
    loudest = max(ids, key=lambda one: ranks[one])
    assert ranks[loudest] > 0.5
    for payment_id in (ids[LEAST - 1], loudest, ids[-1], instant):
        found = verified(net, payment_id, document=documents[payment_id], source="the node")
        assert found.reasons == ()
        assert found.outcome is Outcome.IDENTICAL
        assert found.document == documents[payment_id]
    assert found.payments == len(ids)
