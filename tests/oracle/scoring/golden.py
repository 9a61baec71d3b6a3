"""Run as a program (`python -m tests.oracle.scoring.golden`) to write golden.json anew, after raising RULES or
training.

The payments are stored, not simulated, because the simulator may draw other amounts where a C library's logarithm
differs in the last bit; the assessments may not differ anywhere.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from oracle.scoring import ListEntry, ListKind, Payment, RiskEngine, RiskModel, ScreeningLists
from oracle.scoring.simulator import simulate, simulated_lists
from oracle.scoring.types import RULES

FILE = Path(__file__).with_name("golden.json")
_SEED, _PAYMENTS = 2_024, 320


def outcome(payments: list[Payment], listed: list[str]) -> dict[str, object]:
    """Scores in order, and one hash over all evidence documents."""
    lists = ScreeningLists(ListEntry(one, ListKind.SANCTIONED, "golden") for one in listed)
    engine = RiskEngine(RiskModel.default(), lists)
    whole, scores = hashlib.sha256(), []
    for payment in payments:
        assessment = engine.assess_and_observe(payment)
        whole.update(assessment.evidence())
        scores.append(assessment.overall)
    return {"rules": RULES, "model": engine.model.version, "scores": scores, "evidence": whole.hexdigest()}


def write() -> None:
    """Draw the payments and store what becomes of them."""
    payments = [one.payment for one in simulate(_SEED, _PAYMENTS, episodes=1)]
    listed = sorted(one.address for one in simulated_lists(_SEED))
    rows = [list(asdict(payment).values()) for payment in payments]
    stored = {"payments": rows, "listed": listed, "outcome": outcome(payments, listed)}
    FILE.write_text(json.dumps(stored, separators=(",", ":")) + "\n", "ascii")


if __name__ == "__main__":
    write()
