"""The supervised model: boosted trees with exact integer sums, calibrated, explained and answered back to.

Fitting one is `oracle.scoring.supervised.train.fit`, which needs the extra `train`.
"""

from oracle.scoring.supervised.counterfactual import (
    AmountChange,
    FeatureChange,
    largest_amount,
    least_changes,
    least_feature_change,
)
from oracle.scoring.supervised.model import SupervisedModel
from oracle.scoring.supervised.trees import SCALE, BoostedTrees

__all__ = [
    "SCALE",
    "AmountChange",
    "BoostedTrees",
    "FeatureChange",
    "SupervisedModel",
    "largest_amount",
    "least_changes",
    "least_feature_change",
]
