"""As-of features of payments, computed by the same compiled loops online, in backtests and in training."""

from oracle.scoring.stream.features import FEATURES, SHORT, Feature
from oracle.scoring.stream.payment import transfer_of
from oracle.scoring.stream.stream import Side, Stream, Table, Transfer, feature_table, key_of

__all__ = [
    "FEATURES",
    "SHORT",
    "Feature",
    "Side",
    "Stream",
    "Table",
    "Transfer",
    "feature_table",
    "key_of",
    "transfer_of",
]
