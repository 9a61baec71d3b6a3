"""All wallets together: what one more payment changes."""

from collections import OrderedDict

from oracle.scoring.config import DAY, HOUR, MONTH, ScoringConfig
from oracle.scoring.state.circles import Circles
from oracle.scoring.state.communities import Communities
from oracle.scoring.state.resemblance import resemblance_key
from oracle.scoring.state.wallet import (
    FUNDED,
    LAPS,
    PARTNERS,
    RECENT,
    Move,
    Pair,
    WalletState,
    remember,
)
from oracle.scoring.types import Payment

MAX_WALLETS = 1_000_000
"""Wallets kept; beyond them the one that was silent longest is forgotten."""
IDLE = 180 * DAY
"""Silence after which a wallet is forgotten."""


class Ledger:
    """The state that scores are computed from: a function of the observed payments in their order, and of nothing else.

    Time never runs backwards in it: a payment that says an earlier time than the one before counts as simultaneous.
    """

    def __init__(self, config: ScoringConfig) -> None:
        self.config = config
        self.clock = 0
        self.circles = Circles()
        self.communities = Communities()
        self._wallets: OrderedDict[str, WalletState] = OrderedDict()

    def __len__(self) -> int:
        return len(self._wallets)

    def wallet(self, address: str) -> WalletState | None:
        """The wallet's state, or None. Callers read only."""
        return self._wallets.get(address)

    def now(self, timestamp: int) -> int:
        """The time at which a payment of that timestamp counts."""
        return max(self.clock, timestamp)

    def observe(self, payment: Payment) -> None:
        """Take a payment in: O(1) amortised, bounded memory."""
        time = self.clock = self.now(payment.timestamp)
        micro = payment.micro
        sender, recipient = payment.sender, payment.recipient
        fresh = recipient not in self._wallets and recipient != sender
        s, r = self._touch(sender, time), self._touch(recipient, time)

        inflow = matching_inflow(s, payment.token, micro, time, self.config)
        hops, origin = 0, sender
        if inflow is not None and inflow.origin == recipient:
            remember(s.laps, (time, payment.payment_id), LAPS)
            remember(r.laps, (time, payment.payment_id), LAPS)
        elif inflow is not None:
            hops, origin = inflow.hops + 1, inflow.origin
        move = Move(
            time,
            sender,
            recipient,
            payment.token,
            micro,
            payment.payment_id,
            payment.block,
            payment.tx,
            hops,
            origin,
        )

        s.outgoing.add(time, micro, time - MONTH)
        s.rhythm.add(payment.timestamp, s.outgoing.since(time - HOUR)[0])
        s.amounts.add(micro)
        remember(s.sent, move, RECENT)
        s.sent_count += 1
        s.sent_volume += micro
        s.last_out = time
        if s.first_out < 0:
            s.first_out = time

        r.incoming.add(time, micro, time - MONTH)
        remember(r.received, move, RECENT)
        r.received_count += 1
        r.received_volume += micro
        r.last_in = time
        if fresh:
            r.funder, r.funded_at, r.funded_micro = sender, time, micro
            remember(s.funded, (time, recipient, micro), FUNDED)

        pair = self._pair(sender, s, recipient, r, time)
        pair.add(time, micro, payment.payment_id)
        self.circles.paid(sender, recipient, pair.count, (s.partners_seen, r.partners_seen))
        if micro > self.config.dust_limit:
            _know(s, recipient)
            _know(r, sender)
        self.communities.connect(s, r)
        self._expire(time)

    def _touch(self, address: str, time: int) -> WalletState:
        wallet = self._wallets.get(address)
        if wallet is None:
            wallet = self._wallets[address] = WalletState(time)
            self.communities.found(wallet)
            self.circles.found(address)
        else:
            self._wallets.move_to_end(address)
        return wallet

    def _pair(self, sender: str, s: WalletState, recipient: str, r: WalletState, time: int) -> Pair:
        pair = s.paid.get(recipient) or r.payers.get(sender)
        if pair is None:
            pair = Pair(time)
            s.partners_seen += 1
            r.partners_seen += 1
        s.paid[recipient] = r.payers[sender] = pair
        s.paid.move_to_end(recipient)
        r.payers.move_to_end(sender)
        for wallet, partners in ((s, s.paid), (r, r.payers)):
            if len(partners) > PARTNERS:
                gone, _ = partners.popitem(last=False)
                if gone not in wallet.paid and gone not in wallet.payers:
                    _unknow(wallet, gone)
        return pair

    def _expire(self, time: int) -> None:
        # at most two a payment: it keeps up, because a payment adds at most two wallets
        for _ in range(2):
            address = next(iter(self._wallets))
            wallet = self._wallets[address]
            if max(wallet.last_in, wallet.last_out) >= time - IDLE and len(self._wallets) <= MAX_WALLETS:
                return
            del self._wallets[address]
            self.circles.forget(address)


def matching_inflow(wallet: WalletState, token: str, micro: int, time: int, config: ScoringConfig) -> Move | None:
    """The latest payment into `wallet` that `micro` seems to pass on: the same sum but for a small fee, not long
    before.

    A wallet with many payers meets equal sums by chance; there the sums must agree ten times as closely.
    """
    if micro < config.layering_minimum:
        return None
    earliest = time - config.layering_gap
    below, above = config.fee_tolerance, config.gain_tolerance
    if len({move.sender for move in wallet.received if move.time > earliest}) > config.busy_payers:
        below, above = below // 10, above // 10
    for move in reversed(wallet.received):
        if move.time <= earliest:
            return None
        # one token in and another one out is an exchange, not the same money
        if move.token == token and -below * move.micro <= (micro - move.micro) * 1_000 <= above * move.micro:
            return move
    return None


def _know(wallet: WalletState, other: str) -> None:
    key = resemblance_key(other)
    alike = wallet.resembling.get(key)
    if alike is None:
        wallet.resembling[key] = [other]
    elif other not in alike:
        alike.append(other)


def _unknow(wallet: WalletState, other: str) -> None:
    key = resemblance_key(other)
    alike = wallet.resembling.get(key, [])
    if other in alike:
        alike.remove(other)
        if not alike:
            del wallet.resembling[key]
