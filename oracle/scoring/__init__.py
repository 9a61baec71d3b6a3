"""Risk scores for stablecoin payments: pure, deterministic, free of chains, databases and HTTP."""

from oracle.scoring.config import ScoringConfig
from oracle.scoring.engine import RiskEngine
from oracle.scoring.lists import ListEntry, ListKind, ScreeningLists
from oracle.scoring.model import RiskModel
from oracle.scoring.types import Alert, Assessment, Explanation, Payment, RiskLevel, WalletView, alert_names

__all__ = [
    "Alert",
    "Assessment",
    "Explanation",
    "ListEntry",
    "ListKind",
    "Payment",
    "RiskEngine",
    "RiskLevel",
    "RiskModel",
    "ScoringConfig",
    "ScreeningLists",
    "WalletView",
    "alert_names",
]
