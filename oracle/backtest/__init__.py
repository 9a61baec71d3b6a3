"""Replays of past payments through scoring: what would have been approved, held and blocked, and why."""

from oracle.backtest.engine import EngineJudge
from oracle.backtest.onchain import ChainSource
from oracle.backtest.run import Outcome, backtest
from oracle.backtest.source import Row, Source
from oracle.backtest.sources import FileSource, SimulatedSource, TransfersSource
from oracle.backtest.stream import Side, StreamJudge
from oracle.backtest.summary import summarise
from oracle.backtest.whatif import read_lists

__all__ = [
    "ChainSource",
    "EngineJudge",
    "FileSource",
    "Outcome",
    "Row",
    "Side",
    "SimulatedSource",
    "Source",
    "StreamJudge",
    "TransfersSource",
    "backtest",
    "read_lists",
    "summarise",
]
