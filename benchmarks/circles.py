"""How often ordinary payments close a circle that is remarked on, into docs/model-card.md.

    PAYFLOW_DATA=../shared/data python -m benchmarks.circles

The simulator's economies, in which few people pay one another often, and the labelled stablecoin transfers. Frauds are
those of the simulator's stories; reported wallets are not known to draw circles. About a minute.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import CARD, renew
from benchmarks.rows import payment_of
from oracle.datasets import load, without_repeats
from oracle.scoring import Payment
from oracle.scoring.analyzers import judge_circle
from oracle.scoring.simulator import simulate
from oracle.scoring.stream import transfer_of
from oracle.scoring.typology import Closings

SEEDS = (901, 902, 903)
PAYMENTS = 10_000


def main() -> None:
    """Measure, print, and write into the model card."""
    lines = ["| payments | number | close a circle that is remarked on |", "|---|---|---|"]
    for name, labels, remarked in measured():
        for kind, mask in (("ordinary", ~labels), ("fraud or of reported wallets", labels)):
            lines.append(f"| {name}, {kind} | {int(mask.sum()):,} | {float(remarked[mask].mean()):.2%} |")
    renew(CARD, "circles", lines)
    print("\n".join(lines))


def measured() -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Each source with its labels and what was remarked on, both (N,)."""
    for seed in SEEDS:
        stream = list(simulate(seed, PAYMENTS))
        labels = np.array([bool(one.label) for one in stream])
        yield f"simulator, seed {seed}", labels, circles(one.payment for one in stream)
    transfers = without_repeats(load("stablecoins")).transfers
    payments = (payment_of(transfers, row) for row in range(len(transfers)))
    yield "labelled stablecoin transfers", transfers.label == 1, circles(payments)


def circles(payments: Iterator[Payment]) -> NDArray[np.bool_]:
    """Whether each payment closes a circle that is remarked on, (N,)."""
    memory, now = Closings(), 0
    remarked = []
    for payment in payments:
        transfer = transfer_of(payment, now)
        now = transfer.time
        remarked.append(bool(judge_circle(memory.look(transfer))))
        memory.observe(transfer, payment.payment_id)
    return np.array(remarked)


if __name__ == "__main__":
    main()
