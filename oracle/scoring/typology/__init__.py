"""Laundering shapes that a payment would complete: fans, cycles, layers, nearness to listed wallets, as a stream."""

from oracle.scoring.typology.closing import Circle, Closings
from oracle.scoring.typology.facts import FEATURES, Counters, Cut, TypologyFacts
from oracle.scoring.typology.typologies import QUARTER, WEEK, Typologies

__all__ = ["FEATURES", "QUARTER", "WEEK", "Circle", "Closings", "Counters", "Cut", "Typologies", "TypologyFacts"]
