"""What `payflow evaluate` measures, and on which data."""

from oracle.evaluation.gate.run import BY_TIME, BY_WALLET, Evaluation, evaluate, files
from oracle.evaluation.gate.summary import renewed, summary

__all__ = ["BY_TIME", "BY_WALLET", "Evaluation", "evaluate", "files", "renewed", "summary"]
