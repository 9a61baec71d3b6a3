"""One payment in front of the state that it meets: what every measurement starts from."""

from dataclasses import dataclass

from oracle.scoring.config import ScoringConfig
from oracle.scoring.state import Ledger, Pair, WalletState
from oracle.scoring.types import Payment


@dataclass(frozen=True, slots=True)
class Context:
    """A payment that is not in the ledger yet, its two wallets (blank where unknown) and their pairs in both
    directions."""

    payment: Payment
    time: int
    micro: int
    sender: WalletState
    recipient: WalletState
    pair: Pair | None
    reverse: Pair | None
    ledger: Ledger
    config: ScoringConfig

    @classmethod
    def of(cls, payment: Payment, ledger: Ledger) -> "Context":
        """The context as of now; changes nothing in the ledger."""
        time = ledger.now(payment.timestamp)
        sender = ledger.wallet(payment.sender)
        recipient = ledger.wallet(payment.recipient)
        return cls(
            payment=payment,
            time=time,
            micro=payment.micro,
            sender=sender or WalletState(time),
            recipient=recipient or WalletState(time),
            pair=sender.paid.get(payment.recipient) if sender else None,
            reverse=recipient.paid.get(payment.sender) if recipient else None,
            ledger=ledger,
            config=ledger.config,
        )
