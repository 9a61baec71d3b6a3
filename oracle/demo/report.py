"""The demo's figures: while it runs, and at its end."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

from rich.console import Console, Group
from rich.table import Table

from oracle.chain.deployment import Token
from oracle.demo.ledger import LEVELS, Entry, Ledger
from oracle.demo.script import PREPARATION


@dataclass(frozen=True, slots=True)
class Sums:
    """Token sums in base units; `deviations` counts holders whose balance is not what the payments say."""

    minted: int
    supply: int
    held_by_wallets: int
    in_escrow: int
    open_escrows: int
    deviations: int

    @property
    def match(self) -> bool:
        """To the last unit."""
        return (
            self.minted == self.supply == self.held_by_wallets + self.in_escrow
            and self.in_escrow == self.open_escrows
            and self.deviations == 0
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the demo reports; `problems` empty means that all is well."""

    payments: int
    seconds: float
    outcomes: Mapping[str, Mapping[str, int]]
    groups: Mapping[str, Mapping[str, int]]
    latency: Mapping[str, float]
    gas: Mapping[str, float]
    sums: Sums
    actions: Mapping[str, int]
    problems: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "sums_match": self.sums.match}


def outcomes(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Final states per level."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in ledger.entries.values():
        level = entry.level or ("refused" if entry.refused else "no verdict")
        status = entry.refused or (entry.status.value if entry.status else "not made")
        counted[level][status] += 1
    return {level: dict(counted[level]) for level in (*LEVELS, "refused", "no verdict") if level in counted}


def groups(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Payments, stopped, flagged and passed per truth."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in ledger.entries.values():
        group = counted[entry.act.truth]
        group["payments"] += 1
        group[_fate(entry)] += 1
        group["fraud"] = int(entry.act.fraud)
    return {name: dict(counted[name]) for name in sorted(counted)}


def _fate(entry: Entry) -> str:
    if entry.stopped:
        return "stopped"
    return "flagged" if entry.caught else "passed"


def latency(ledger: Ledger) -> dict[str, float]:
    """Wall seconds from sending a payment to its verdict."""
    seconds = sorted(entry.verdict_after for entry in ledger.entries.values() if entry.verdict_after is not None)
    if len(seconds) < 2:
        return {}
    return {"p50": round(median(seconds), 3), "p99": round(quantiles(seconds, n=100)[98], 3)}


def live_table(ledger: Ledger, total: int) -> Group:
    """What is seen while it runs."""
    counted = outcomes(ledger)
    table = Table(title=f"{len(ledger.entries)} of {total} payments, {ledger.pending} waiting for their verdict")
    table.add_column("level")
    for name in ("settled", "held", "blocked", "other"):
        table.add_column(name, justify="right")
    for level in LEVELS:
        states = counted.get(level, {})
        known = [states.get(name, 0) for name in ("settled", "held", "blocked")]
        table.add_row(level, *(str(number) for number in (*known, sum(states.values()) - sum(known))))
    return Group(table)


def show(summary: Summary, token: Token, console: Console) -> None:
    """The report at the end."""
    table = Table(title="What became of the payments")
    for title in ("level", "outcome", "payments"):
        table.add_column(title, justify="right" if title == "payments" else "left")
    for level, states in summary.outcomes.items():
        for status, number in sorted(states.items()):
            table.add_row(level, status, str(number))
    console.print(table)

    table = Table(title="What was caught")
    for title in ("truth", "payments", "stopped", "flagged", "missed"):
        table.add_column(title, justify="left" if title == "truth" else "right")
    for name, group in summary.groups.items():
        if group["fraud"]:
            table.add_row(
                name.replace("|", "\n"),
                str(group["payments"]),
                str(group.get("stopped", 0)),
                str(group.get("flagged", 0)),
                str(group.get("passed", 0)),
            )
    console.print(table)
    for name, group in summary.groups.items():
        if not group["fraud"]:
            alarms = group.get("stopped", 0) + group.get("flagged", 0)
            said = "held or flagged" if name == PREPARATION else "false alarms"
            console.print(f"  {name}: {group['payments']} payments, {alarms} {said} ({alarms / group['payments']:.1%})")

    console.print()
    if summary.latency:
        console.print(
            f"  time to the verdict: p50 {summary.latency['p50']:.2f} s, p99 {summary.latency['p99']:.2f} s"
            " by the wall clock"
        )
    if summary.gas:
        console.print(
            f"  gas per settlement: {summary.gas['per_payment']:,.0f} on average,"
            f" {summary.gas['payments_per_transaction']:.1f} payments per transaction"
        )
    sums = summary.sums
    console.print(
        f"  money: {token.text(sums.minted)} {token.symbol} made = {token.text(sums.held_by_wallets)} in wallets"
        f" + {token.text(sums.in_escrow)} in escrow;"
        f" {'every balance' if sums.match else '[red]NOT every balance[/red]'} is what the payments say"
    )
    if summary.actions:
        console.print("  " + ", ".join(f"{number} {name}" for name, number in summary.actions.items()))
    for problem in summary.problems:
        console.print(f"  [red]wrong:[/red] {problem}")
