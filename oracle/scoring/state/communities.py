"""Communities of wallets, updated with every payment.

A. Hollocou, J. Maudet, T. Bonald, M. Lelarge: "A Streaming Algorithm for Graph Clustering" (2017). Wallets start
alone; when two that are both still poorly connected pay each other, the one with fewer payments joins the other's
community. Early payments of a wallet are mostly among its own circle, hence the limit on the degree. O(1) a payment,
one number per wallet.
"""

from oracle.scoring.state.wallet import WalletState

DEGREE_LIMIT = 12
"""Payments after which a wallet no longer moves; hubs would otherwise swallow everyone."""


class Communities:
    """Hands out labels; the label itself stands in the wallet."""

    def __init__(self) -> None:
        self._next = 0

    def found(self, wallet: WalletState) -> None:
        """A new wallet starts a community of its own."""
        wallet.community = self._next
        self._next += 1

    def connect(self, sender: WalletState, recipient: WalletState) -> None:
        """After a payment from `sender` to `recipient`, counted in both already."""
        if sender.count > DEGREE_LIMIT or recipient.count > DEGREE_LIMIT:
            return
        if sender.count < recipient.count:
            sender.community = recipient.community
        else:
            recipient.community = sender.community
