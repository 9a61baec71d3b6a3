"""The five analyzers: measurements in, findings with scores 0–100 and sentences out."""

from oracle.scoring.analyzers.amount import judge_amount
from oracle.scoring.analyzers.graph import judge_graph
from oracle.scoring.analyzers.pattern import judge_circle, judge_pattern
from oracle.scoring.analyzers.screening import Screening, listed_as, screen
from oracle.scoring.analyzers.timing import judge_timing
from oracle.scoring.analyzers.velocity import judge_velocity

__all__ = [
    "Screening",
    "judge_amount",
    "judge_circle",
    "judge_graph",
    "judge_pattern",
    "judge_timing",
    "judge_velocity",
    "listed_as",
    "screen",
]
