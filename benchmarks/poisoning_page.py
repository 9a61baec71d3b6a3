"""What `benchmarks.poisoning` found, for a person and for the model card."""

from collections.abc import Iterator
from math import ceil, log, log1p
from typing import Any

from benchmarks.shares import interval

MOST_FALSE = 1
"""The goal: of 100,000 ordinary payments so many accused of poisoning at most."""
NEEDED = ceil(log(0.05) / log1p(-MOST_FALSE / 1e5))
"""Payments without a false alarm that would show it, with 95% confidence."""


def _chains(figures: dict[str, Any]) -> list[str]:
    return [name for name in figures if name != "ordinary"]


def show(figures: dict[str, Any]) -> None:
    """Tables for a person."""
    for chain in _chains(figures):
        part = figures[chain]
        print(f"\n{chain}: {part['payoffs']} confirmed payoffs")
        print(f"{'history':<46}{'recognised':>12}{'share':>9}{'held':>7}{'blocked':>9}{'meant one held after':>25}")
        for story, one in part["stories"].items():
            print(
                f"{story:<46}{one['recognised']:>12}{one['share']:>9.2%}{one['held']:>7}{one['blocked']:>9}"
                f"{one['meant_held_after']:>25}"
            )
            for missed in one["missed"][:5]:
                print(f"    missed: {missed['fake']} for {missed['meant']} ({missed['digits']} digits)")
    part = figures["ordinary"]
    print(
        f"\nordinary payments: {part['all']}, of them {part['outgoing']} sent by the wallets whose histories they are"
    )
    print(f"accused of poisoning: {part['poisoning']} (outgoing {part['poisoning_outgoing']}),", end=" ")
    print(f"{part['poisoning_per_100000']:.2f} in 100,000 outgoing; by chance alone one would expect", end=" ")
    print(f"{part['expected_by_chance_per_100000']:.3f} in 100,000")
    print(
        f"at most {part['poisoning_outgoing_at_most_per_100000']:.2f} in 100,000 outgoing with 95% confidence,", end=" "
    )
    print(f"{part['poisoning_at_most_per_100000']:.2f} in 100,000 of all")
    print(f"held as mistyped: {part['mistyped']} (outgoing {part['mistyped_outgoing']})")
    for one in part["found"]:
        pair = f"{one['sender']} pays {one['recipient']}, like {one['resembles']}"
        print(f"    {one['kind']}: {pair} ({one['digits']} digits)")


def card(figures: dict[str, Any]) -> Iterator[str]:
    """Lines of the model card."""
    chains = _chains(figures)
    yield (
        "| the victim's history, then the payoff | "
        + " | ".join(f"{one} ({figures[one]['payoffs']:,})" for one in chains)
        + " |"
    )
    yield "|---|" + "---|" * len(chains)
    for story in figures[chains[0]]["stories"]:
        cells = (
            interval(figures[one]["stories"][story]["recognised"], figures[one]["payoffs"], decimals=2)
            for one in chains
        )
        yield f"| {story} | " + " | ".join(cells) + " |"
    part = figures["ordinary"]
    chance, of_all = part["expected_by_chance_per_100000"], part["poisoning_at_most_per_100000"]
    outgoing = part["poisoning_outgoing_at_most_per_100000"]
    yield ""
    yield (
        f"Intervals are 95% (Wilson). Of {part['outgoing']:,} outgoing payments of labelled wallets, each once"
        f" ({part['outgoing_of_reported']:,} of them by reported wallets), {part['poisoning_outgoing']} were accused of"
        f" poisoning and {part['mistyped_outgoing']} held as mistyped,"
        f" {part['poisoning_per_100000']:.3f} and {part['mistyped_per_100000']:.3f} in 100,000; of all {part['all']:,}"
        f" payments, incoming ones with them, {part['poisoning']} and {part['mistyped']}. By chance {chance:.3f} in"
        " 100,000 are to be expected."
    )
    shows = "shows" if outgoing <= MOST_FALSE else "does not show"
    yield (
        f"With 95% confidence at most {outgoing:.2f} in 100,000 outgoing payments are accused of poisoning, and at most"
        f" {of_all:.2f} in 100,000 of all. That {shows} the goal of {MOST_FALSE} in 100,000, for which"
        f" {NEEDED:,} outgoing payments without one false alarm are needed."
    )
