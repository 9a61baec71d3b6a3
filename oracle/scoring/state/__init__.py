"""Everything that the engine remembers of past payments, in bounded memory."""

from oracle.scoring.state.ledger import Ledger
from oracle.scoring.state.wallet import Move, Pair, WalletState

__all__ = ["Ledger", "Move", "Pair", "WalletState"]
