"""Fraud stories, one function each. Payments that set a story up carry no label: nobody could tell them from
ordinary life.

Which payments set up and which commit the fraud is part of the story and written there, not derived from what any
detector finds.
"""

from collections.abc import Callable
from dataclasses import dataclass

from oracle.scoring.simulator.frauds.gaming import flash, sybils, wash
from oracle.scoring.simulator.frauds.laundering import layering, mixer, mule, sanctioned, structuring
from oracle.scoring.simulator.frauds.theft import burst, dusting, poisoning, takeover
from oracle.scoring.simulator.world import Plot
from oracle.scoring.types import Alert


@dataclass(frozen=True, slots=True)
class Story:
    """A kind of fraud: which alert it deserves, and what happens from a second on."""

    label: Alert
    play: Callable[[Plot, int], None]


STORIES: dict[str, Story] = {
    "burst": Story(Alert.VELOCITY_ANOMALY, burst),
    "takeover": Story(Alert.AMOUNT_ANOMALY, takeover),
    "structuring": Story(Alert.AMOUNT_ANOMALY, structuring),
    "mule": Story(Alert.PATTERN_ANOMALY, mule),
    "mixer": Story(Alert.MIXING_DETECTED, mixer),
    "sanctioned": Story(Alert.SANCTIONED_INTERACTION, sanctioned),
    "dusting": Story(Alert.DUST_ATTACK, dusting),
    "sybils": Story(Alert.SYBIL_ATTACK, sybils),
    "flash": Story(Alert.FLASH_LOAN_ATTACK, flash),
    "wash": Story(Alert.WASH_TRADING, wash),
    "layering": Story(Alert.LAYERING, layering),
    "poisoning": Story(Alert.ADDRESS_POISONING, poisoning),
}
"""Stories by name. Together they contain every alert type."""
