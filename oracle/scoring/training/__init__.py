"""Training: the only part of scoring that needs scikit-learn. Nothing here runs while a node scores."""

from oracle.scoring.training.data import Progress, collect
from oracle.scoring.training.train import train

__all__ = ["Progress", "collect", "train"]
