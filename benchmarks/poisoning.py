"""How many confirmed payments to look-alike addresses are recognised, and how often an ordinary payment is accused.

    PAYFLOW_DATA=../shared/data python -m benchmarks.poisoning [--json results.json]   (also into docs/model-card.md)

The payoffs hold the victim, the look-alike and the address that was meant, not what else the victim paid. Each is
therefore played through a fresh engine in several stories; one of them takes 100 real transfers of an ordinary wallet
as the victim's own. The ordinary payments are the whole histories of all labelled wallets in one stream, those of
reported wallets too: they were reported for other things, and an accusation of theirs counts as false.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pages import CARD, renew
from benchmarks.poisoning_page import card, show
from benchmarks.rows import payment_of
from benchmarks.shares import at_most
from oracle.datasets.folder import Origin, data_folder, locate
from oracle.datasets.labelled import load_labelled
from oracle.datasets.repeats import without_repeats
from oracle.datasets.transfers import Transfers
from oracle.scoring import Alert, Payment, RiskEngine, RiskLevel, RiskModel, ScreeningLists
from oracle.scoring.analyzers import judge_graph
from oracle.scoring.features import Context
from oracle.scoring.features.amount import measure_amount
from oracle.scoring.features.graph import measure_graph
from oracle.scoring.state import Ledger
from oracle.scoring.state.resemblance import FEW_PARTNERS, shared_digits
from oracle.scoring.types import MICRO

ORIGIN = Origin(
    "the public repository monteccarlos/ethereum-poisoning-detector (MIT), commit 2997267",
    "address_poisoning/ with payoff_transfers_ethereum.csv and payoff_transfers_bsc.csv",
)
CHAINS = ("ethereum", "bsc")
START, DAY = 1_690_000_000, 86_400
TOKEN, COUNTERFEIT = "0x" + "70" * 20, "0x" + "71" * 20
SURROUNDINGS = 100
CHANCE_SIX, CHANCE_SEVEN = 2 * 16**-6 - 16**-7, 3 * 16**-7 - 2 * 16**-8
"""Probability that a random address resembles a given one enough, by the rule of `is_imitation`."""
VICTIM, MEANT, FAKE = "victim", "meant", "fake"
DUST, HALF = 1_000, -2
"""Millionths of a token, and half of what the payoff moves (at least half a token)."""

Step = tuple[int, str, str, int | None, str]
"""Seconds after the start, sender, recipient, millionths of a token (None: as much as the payoff; HALF), token."""
PAID: Step = (0, VICTIM, MEANT, None, TOKEN)
STORIES: dict[str, tuple[Step, ...]] = {
    "the meant address was paid before": (PAID,),
    "it had only paid the victim as much": ((0, MEANT, VICTIM, None, TOKEN),),
    "it had only paid the victim half as much": ((0, MEANT, VICTIM, HALF, TOKEN),),
    "bait: zero from the look-alike": (PAID, (60, FAKE, VICTIM, 0, TOKEN)),
    "bait: dust from the look-alike": (PAID, (60, FAKE, VICTIM, DUST, TOKEN)),
    "bait: counterfeit from the look-alike": (PAID, (60, FAKE, VICTIM, None, COUNTERFEIT)),
    "bait: zero in the victim's name": (PAID, (60, VICTIM, FAKE, 0, TOKEN)),
    "bait: counterfeit in the victim's name": (PAID, (60, VICTIM, FAKE, None, COUNTERFEIT)),
    "bait: dust in the same second": (PAID, (0, FAKE, VICTIM, DUST, TOKEN)),
    "bait: counterfeit in the same second": (PAID, (0, FAKE, VICTIM, None, COUNTERFEIT)),
    "bait: dust before the meant address is known": ((-60, FAKE, VICTIM, DUST, TOKEN), PAID),
    "bait: half the payoff before it is known": ((-60, FAKE, VICTIM, HALF, TOKEN), PAID),
    "the same, and deceived before": (
        (-60, FAKE, VICTIM, HALF, TOKEN),
        PAID,
        (DAY // 2, VICTIM, FAKE, None, TOKEN),
    ),
    "deceived for the second time": (PAID, (DAY // 2, VICTIM, FAKE, None, TOKEN)),
}
AMONG_REAL = f"among {SURROUNDINGS} real payments"


@dataclass(frozen=True, slots=True)
class Payoff:
    """A confirmed loss; addresses in lower case."""

    chain: str
    tx: str
    victim: str
    fake: str
    meant: str
    micro: int
    """Dollars in millionths, one at least."""

    @property
    def digits(self) -> str:
        """Leading and trailing digits shared."""
        return "{}+{}".format(*shared_digits(self.fake, self.meant))


def payoffs(chain: str) -> list[Payoff]:
    """The confirmed payoffs of one chain. Raises DataMissing."""
    path = locate(data_folder() / "address_poisoning", (f"payoff_transfers_{chain}.csv",), ORIGIN)
    with path.open(encoding="ascii", newline="") as stream:
        return [
            Payoff(
                chain,
                row["tx_hash"].lower(),
                row["topics_from_addr"].lower(),
                row["topics_to_addr"].lower(),
                row["intended_addr"].lower(),
                max(MICRO, round(float(row["value_usd"] or 0) * MICRO)),
            )
            for row in csv.DictReader(stream)
        ]


def ordinary() -> Transfers:
    """Whole histories of wallets that nobody reported, in order, each transfer once. Raises DataMissing."""
    transfers = load_labelled(data_folder() / "eth_transfers_labelled")
    return without_repeats(transfers.take(transfers.label == 0)).transfers


def everything() -> Transfers:
    """Whole histories of all labelled wallets, reported or not, in order, each transfer once. Raises DataMissing."""
    return without_repeats(load_labelled(data_folder() / "eth_transfers_labelled")).transfers


class Lives:
    """The last real transfers of ordinary wallets, to be lived by victims."""

    def __init__(self, transfers: Transfers) -> None:
        owners, counts = np.unique(transfers.wallet, return_counts=True)
        self.transfers = transfers
        self.owners = owners[counts >= SURROUNDINGS].tolist()
        self._rows: dict[int, list[int]] = {}

    def of(self, number: int, payoff: Payoff) -> Iterator[Payment]:
        """One life up to START, the victim in the place of the wallet, with a payment to the meant address halfway."""
        owner = self.owners[number % len(self.owners)]
        if owner not in self._rows:
            self._rows[owner] = np.flatnonzero(self.transfers.wallet == owner)[-SURROUNDINGS:].tolist()
        rows, address = self._rows[owner], self.transfers.parties[owner]
        shift = START - int(self.transfers.time[rows[-1]])
        for place, row in enumerate(rows):
            one = payment_of(self.transfers, row)
            sender, recipient = (payoff.victim if side == address else side for side in (one.sender, one.recipient))
            time = one.timestamp + shift
            yield Payment(one.payment_id, sender, recipient, one.token, one.amount, one.decimals, time)
            if place == len(rows) // 2:
                yield Payment("0x" + "ff" * 32, payoff.victim, payoff.meant, TOKEN, payoff.micro, 6, time)


def _payments(payoff: Payoff, steps: Sequence[Step]) -> Iterator[Payment]:
    who = {VICTIM: payoff.victim, MEANT: payoff.meant, FAKE: payoff.fake}
    for number, (at, sender, recipient, micro, token) in enumerate(steps):
        amount = payoff.micro if micro is None else payoff.micro // 2 if micro == HALF else micro
        yield Payment(f"0x{number:064x}", who[sender], who[recipient], token, amount, 6, START + at)


def outcome(model: RiskModel, payoff: Payoff, before: Iterator[Payment]) -> dict[str, bool]:
    """The payoff after a history: recognised, with the meant address in the sentence, blocked; and whether the engine
    would then accuse a payment to the meant address."""
    engine = RiskEngine(model, ScreeningLists())
    for one in before:
        engine.observe(one)
    end = Payment("0x" + "ee" * 32, payoff.victim, payoff.fake, TOKEN, payoff.micro, 6, START + DAY)
    found = engine.assess_and_observe(end)
    after = Payment("0x" + "dd" * 32, payoff.victim, payoff.meant, TOKEN, payoff.micro, 6, START + 2 * DAY)
    return {
        "recognised": Alert.ADDRESS_POISONING in found.alerts
        and any(one.alerts & Alert.ADDRESS_POISONING and payoff.meant in one.sentence for one in found.explanations),
        "held": found.level >= RiskLevel.HIGH,
        "blocked": found.level is RiskLevel.CRITICAL,
        "meant_held_after": Alert.ADDRESS_POISONING in engine.assess(after).alerts,
    }


def recall(model: RiskModel, chain: str, lives: Lives) -> dict[str, Any]:
    """Per story: how many of the chain's payoffs are recognised and blocked, and which are not."""
    cases = payoffs(chain)
    figures: dict[str, Any] = {
        "payoffs": len(cases),
        "digits": dict(Counter(one.digits for one in cases).most_common()),
    }
    figures["stories"] = {}
    for story in (*STORIES, AMONG_REAL):
        total: Counter[str] = Counter()
        missed = []
        for number, payoff in enumerate(cases):
            before = lives.of(number, payoff) if story == AMONG_REAL else _payments(payoff, STORIES[story])
            found = outcome(model, payoff, before)
            total.update(name for name, holds in found.items() if holds)
            if not found["recognised"]:
                missed.append({"tx": payoff.tx, "fake": payoff.fake, "meant": payoff.meant, "digits": payoff.digits})
        figures["stories"][story] = {
            "recognised": total["recognised"],
            "share": total["recognised"] / len(cases),
            "held": total["held"],
            "blocked": total["blocked"],
            "meant_held_after": total["meant_held_after"],
            "missed": missed,
        }
    return figures


def false_alarms(transfers: Transfers, config: RiskModel) -> dict[str, Any]:
    """What the graph analyzer says of look-alikes in ordinary payments, and what chance alone would make it say."""
    ledger = Ledger(config.config)
    counts: Counter[str] = Counter()
    expected, found = 0.0, []
    outgoing = (transfers.sender == transfers.wallet).tolist()
    reported = (transfers.label == 1).tolist()
    for row in range(len(transfers)):
        payment = payment_of(transfers, row)
        context = Context.of(payment, ledger)
        counts["all"] += 1
        counts["outgoing"] += outgoing[row]
        counts["outgoing_of_reported"] += outgoing[row] and reported[row]
        if context.pair is None:
            partners = len(context.sender.paid) + len(context.sender.payers)
            expected += partners * (CHANCE_SIX if partners <= FEW_PARTNERS else CHANCE_SEVEN)
            counts["to_someone_new"] += 1
        graph = measure_graph(context)
        if graph.imitated or graph.baited:
            for one in judge_graph(graph, measure_amount(context), config.config):
                alike = graph.imitated or graph.baited
                if alike and alike.address in one.sentence:
                    kind = "poisoning" if one.alerts & Alert.ADDRESS_POISONING else "mistyped"
                    counts[kind] += 1
                    counts[f"{kind}_outgoing"] += outgoing[row]
                    found.append(
                        {
                            "kind": kind,
                            "sender": payment.sender,
                            "recipient": payment.recipient,
                            "resembles": alike.address,
                            "digits": f"{alike.leading}+{alike.trailing}",
                            "outgoing": outgoing[row],
                            "score": one.score,
                        }
                    )
        ledger.observe(payment)
    kinds = ("poisoning", "mistyped")
    names = ("all", "outgoing", "outgoing_of_reported", "to_someone_new", *kinds, *(f"{one}_outgoing" for one in kinds))
    return {
        **{name: counts[name] for name in names},
        **{f"{one}_per_100000": 1e5 * counts[f"{one}_outgoing"] / max(1, counts["outgoing"]) for one in kinds},
        **{
            f"{one}{part}_at_most_per_100000": 1e5 * at_most(counts[f"{one}{part}"], counts[part[1:] or "all"])
            for one in kinds
            for part in ("", "_outgoing")
        },
        "expected_by_chance_per_100000": 1e5 * expected / max(1, counts["all"]),
        "found": found,
    }


def measure() -> dict[str, Any]:
    """All figures. Raises DataMissing."""
    model = RiskModel.default()
    lives = Lives(ordinary())
    return {"ordinary": false_alarms(everything(), model)} | {chain: recall(model, chain, lives) for chain in CHAINS}


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure()
    show(figures)
    renew(CARD, "poisoning", card(figures))
    text = json.dumps(figures, indent=2, sort_keys=True)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", "ascii")


if __name__ == "__main__":
    main()
