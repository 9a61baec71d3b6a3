"""The supervised model: boosted trees with exact integer sums, calibrated and explained.

Fitting one is `oracle.scoring.supervised.train.fit`, which needs the extra `train`.
"""

from oracle.scoring.supervised.model import SupervisedModel
from oracle.scoring.supervised.trees import SCALE, BoostedTrees

__all__ = ["SCALE", "BoostedTrees", "SupervisedModel"]
