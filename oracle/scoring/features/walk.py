"""Nearness in the payment graph: approximate personalised PageRank by forward push.

R. Andersen, F. Chung, K. Lang: "Local Graph Partitioning using PageRank Vectors" (FOCS 2006). A walker starts at a
wallet, stops with probability `STOP` at each step, and otherwise follows a past payment, to either side; the
nearness of two wallets is the probability to stop at the other one. The push form touches the neighbourhood only,
whatever the graph's size, and adds in the order in which payments came, so that every machine gets the same bits.
Like node2vec it measures nearness by random walks; unlike it, it needs no training, answers for wallets that are
minutes old, and its number means something.
"""

from collections import deque

from oracle.scoring.state import Ledger

STOP = 0.2
_PUSHES = 16
_RESIDUE = 0.004
HUB = 64
"""Counterparties from which the walk stops: everyone is two steps from everyone through an exchange."""


def nearness(ledger: Ledger, start: str, target: str) -> float:
    """Probability that the walk from `start` stops at `target`, from below; 0 when it is not reached.

    It follows the counterparties dealt with last; a hub's thousands say nothing about nearness."""
    mass: dict[str, float] = {}
    residue = {start: 1.0}
    left = residue.get
    queue = deque([start])
    for _ in range(_PUSHES):
        if not queue:
            break
        address = queue.popleft()
        rest = residue.pop(address)
        mass[address] = mass.get(address, 0.0) + STOP * rest
        latest, payments, partners = ledger.neighbours(address)
        if partners > HUB and address != start:
            continue
        passed = (1.0 - STOP) * rest
        for other, count in latest:
            before = left(other, 0.0)
            after = residue[other] = before + passed * count / payments
            if before < _RESIDUE <= after:
                queue.append(other)
    return mass.get(target, 0.0) + STOP * residue.get(target, 0.0)
