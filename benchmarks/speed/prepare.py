"""Vectors and payments for the other parts."""

import csv
from collections.abc import Iterator
from heapq import merge
from itertools import islice

import numpy as np

from benchmarks.speed.machine import FOLDER, MARKS, PAYMENTS, SEED, VECTORS, Figures
from oracle.scoring import RiskModel
from oracle.scoring.features import SCALE, Context, Signals, vector
from oracle.scoring.simulator import LabelledPayment, simulate
from oracle.scoring.state import Ledger

COLUMNS = ("time", "sender", "recipient", "token", "amount", "decimals", "id", "tx", "block", "label")
ECONOMY = 50_000
"""Payments of one simulated economy; larger ones take the simulator quadratic time."""


def prepare(payments: int, most: int) -> Figures:
    """Write the anomaly ensemble's input of `payments` payments, and a file of `most` payments; say how many wallets
    took part up to each mark of the growth."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    model, wallets = RiskModel.default(), dict[str, int]()
    ledger, inputs = Ledger(model.config), []
    for one in simulate(SEED, payments):
        inputs.append(model.scaler(vector(Signals.of(Context.of(one.payment, ledger))), SCALE))
        ledger.observe(one.payment)
    np.save(VECTORS, np.array(inputs))
    with PAYMENTS.open("w", newline="", encoding="ascii") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        seen: set[str] = set()
        for number, one in enumerate(islice(_economies(most), most), start=1):
            p = one.payment
            seen |= {p.sender, p.recipient}
            if number in MARKS:
                wallets[str(number)] = len(seen)
            about = (p.timestamp, p.sender, p.recipient, p.token, p.amount, p.decimals, p.payment_id, p.tx, p.block)
            writer.writerow((*about, int(bool(one.label))))
    return {"vectors": len(inputs), "features": len(inputs[0]), "file_rows": most, "wallets": wallets}


def _economies(most: int) -> Iterator[LabelledPayment]:
    """At least `most` payments in order of time: economies of other seeds, and thus other wallets, side by side."""
    together = range(SEED, SEED + -(-most // ECONOMY))
    streams = (simulate(seed, min(most, ECONOMY)) for seed in together)
    return merge(*streams, key=lambda one: one.payment.timestamp)
