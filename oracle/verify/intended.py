"""An instant payment's report was made before the payment was: the state that gave it is found again here."""

from dataclasses import dataclass

from oracle.chain.contracts import ChainEvent
from oracle.scoring import Assessment
from oracle.verify.replay import Replay

LAG = 600
"""Seconds by which a node that answers for an instant payment may be behind the chain's clock: states that ended
earlier are not tried."""


@dataclass(slots=True)
class Intended:
    """Tries the engine's states for the one in which the report was made.

    The event of an instant payment does not say when its report was asked for: only that the node had taken in all
    events up to some point before. With the report's time that is a few states to try, and the hash on chain tells
    which one it was.
    """

    replay: Replay
    event: ChainEvent
    issued_at: int
    """When the report was made, unix seconds of the chain's clock."""
    evidence_hash: str
    """The document's hash on chain."""
    found: Assessment | None = None
    """The assessment whose document has that hash."""
    likeliest: Assessment | None = None
    """As of everything up to `issued_at`: what an honest node that lags by nothing says."""
    _settled: bool = False

    def look(self, timestamp: int) -> None:
        """Try the present state, which an event of a block with this timestamp (unix seconds) is about to end."""
        if self.found is not None or timestamp < self.issued_at - LAG or not self.replay.knows_token(self.event):
            return
        tried = self.replay.assess(self.event, timestamp=self.issued_at, intended=True)
        if tried.evidence_hash == self.evidence_hash:
            self.found = tried
        if not self._settled:
            self.likeliest, self._settled = tried, timestamp > self.issued_at

    def result(self) -> Assessment:
        """The one that was found, else the likeliest. To be called once the replay has met the payment."""
        best = self.found or self.likeliest
        return best or self.replay.assess(self.event, timestamp=self.issued_at, intended=True)
