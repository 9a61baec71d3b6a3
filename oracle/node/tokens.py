"""Which tokens the node knows: the deployment's, and those that it met in payments since."""

import threading

from oracle.chain.contracts import Contracts
from oracle.chain.deployment import Deployment, Token
from oracle.errors import TokenUnknown
from oracle.store import Database, payments

_PREFIX = "token:"


class Tokens:
    """Tokens by address or symbol; those met later are asked of the chain once and kept in the journal. Thread-safe."""

    def __init__(self, deployment: Deployment, database: Database) -> None:
        self._deployment = deployment
        self._database = database
        self._lock = threading.Lock()
        self._known = {token.address: token for token in deployment.tokens}

    def get(self, name: str | None) -> Token:
        """By address or symbol in any letter case; None gives the deployment's first. Raises TokenUnknown."""
        with self._lock:
            later = [one for one in self._known.values() if one not in self._deployment.tokens]
        wanted = (name or "").lower()
        for token in (*self._deployment.tokens, *later):
            if name is None or wanted in (token.address, token.symbol.lower()):
                return token
        raise TokenUnknown(token=name or "", known=tuple(one.symbol for one in self._deployment.tokens))

    def of(self, address: str) -> Token:
        """A token that a journalled payment names: known, since `learn` came before it."""
        with self._lock:
            known = self._known.get(address)
        if known is not None:
            return known
        with self._database.reading() as connection:
            kept = payments.get_meta(connection, _PREFIX + address)
        symbol, _, decimals = (kept or "?:0").rpartition(":")
        token = Token(address, symbol, int(decimals))
        with self._lock:
            self._known[address] = token
        return token

    def learn(self, address: str, contracts: Contracts) -> Token:
        """A token that an event names; asks the chain where it is new. Raises RpcError."""
        with self._lock:
            known = self._known.get(address)
        if known is not None:
            return known
        with self._database.reading() as connection:
            kept = payments.get_meta(connection, _PREFIX + address)
        if kept is None:
            token = contracts.read_token(address)
            with self._database.writing() as connection:
                payments.set_meta(connection, _PREFIX + address, f"{token.symbol}:{token.decimals}")
        return self.of(address)
