"""The oracle node: watch, score, sign, share, submit, confirm. The only part that composes all the others."""

from oracle.chain.deployment import Token
from oracle.chain.status import PaymentStatus
from oracle.node.node import Node
from oracle.node.service import NodeService
from oracle.node.views import (
    Analysis,
    AttemptView,
    FeedEvent,
    Health,
    InstantQuote,
    ListChange,
    Listing,
    ListKind,
    NodeState,
    PaymentDetail,
    PaymentEvent,
    PaymentPage,
    PaymentView,
    Problem,
    Stage,
    Stats,
    WalletRisk,
)
from oracle.signing import RiskReport, SignedBatch, SignedReport

__all__ = [
    "Analysis",
    "AttemptView",
    "FeedEvent",
    "Health",
    "InstantQuote",
    "ListChange",
    "ListKind",
    "Listing",
    "Node",
    "NodeService",
    "NodeState",
    "PaymentDetail",
    "PaymentEvent",
    "PaymentPage",
    "PaymentStatus",
    "PaymentView",
    "Problem",
    "RiskReport",
    "SignedBatch",
    "SignedReport",
    "Stage",
    "Stats",
    "Token",
    "WalletRisk",
]
