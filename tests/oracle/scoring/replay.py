"""Run as a program: one hash over the evidence of a whole simulated stream, for the test of determinism."""

import hashlib
import sys

from oracle.scoring import RiskEngine, RiskModel
from oracle.scoring.simulator import simulate, simulated_lists


def digest(seed: int, payments: int) -> str:
    engine = RiskEngine(RiskModel.default(), simulated_lists(seed))
    whole = hashlib.sha256()
    for one in simulate(seed, payments):
        whole.update(engine.assess_and_observe(one.payment).evidence())
    return whole.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(int(sys.argv[1]), int(sys.argv[2])))
