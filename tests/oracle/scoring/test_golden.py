"""Stored payments give the stored scores and evidence, to the byte, on any machine."""

import json

from oracle.scoring import Payment
from tests.oracle.scoring.golden import FILE, outcome


def test_outcome__stored_payments__the_stored_bytes() -> None:
    stored = json.loads(FILE.read_text("ascii"))
    found = outcome([Payment(*row) for row in stored["payments"]], stored["listed"])
    assert found["scores"] == stored["outcome"]["scores"]
    # a change of rules or model is allowed, and has to be on purpose: `python -m tests.oracle.scoring.golden`
    assert found == stored["outcome"]
