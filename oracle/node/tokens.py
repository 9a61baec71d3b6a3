"""Which tokens the node knows: the deployment's, and those that the core has listed since."""

import json
import threading
from contextlib import suppress
from dataclasses import replace

from oracle.chain.contracts import NAMELESS, ChainEvent, Contracts, never_listed
from oracle.chain.deployment import Deployment, Token
from oracle.errors import RpcError, TokenUnknown
from oracle.store import Database, payments

_LISTED = "tokens"


class Tokens:
    """Tokens by address or symbol. Thread-safe.

    Decimals are those of the core's TokenListed event, kept in the journal: what an upgradable token answers today may
    be another number, and nodes that ask at different times would sign different reports.
    """

    def __init__(self, deployment: Deployment, database: Database) -> None:
        """Raises StoreError."""
        self._deployment = deployment
        self._database = database
        self._lock = threading.Lock()
        with database.reading() as connection:
            kept = payments.get_meta(connection, _LISTED)
        self._listed: dict[str, Token] = {
            address: Token(address, *said) for address, said in json.loads(kept or "{}").items()
        }

    def get(self, name: str | None) -> Token:
        """By address or symbol in any letter case; None gives the deployment's first. Raises TokenUnknown."""
        with self._lock:
            # the deployment's come first, so that a later token cannot take one's symbol
            known = {one.address: one for one in self._deployment.tokens} | self._listed
        wanted = (name or "").lower()
        for token in known.values():
            if name is None or wanted in (token.address, token.symbol.lower()):
                return token
        raise TokenUnknown(token=name or "", known=tuple(one.symbol for one in self._deployment.tokens))

    def of(self, address: str) -> Token:
        """A token that a payment names. Raises RpcInconsistent where the RPC node never showed that it was listed."""
        with self._lock:
            found = self._listed.get(address)
        if found is None:
            raise never_listed("", address)
        return found

    def take(self, event: ChainEvent, contracts: Contracts) -> None:
        """Any event; keeps the token where it lists one. Raises RpcError and StoreError."""
        if event.name != "TokenListed":
            return
        address = str(event.arguments["token"])
        with self._lock:
            known = self._listed.get(address)
        token = known or self._named(address, contracts)
        self._keep(replace(token, decimals=int(event.arguments["decimals"])))

    def name_again(self, contracts: Contracts) -> None:
        """Ask those once more that said nothing usable when they were listed: the RPC node may have been at a limit.
        Raises StoreError."""
        with self._lock:
            nameless = [one for one in self._listed.values() if one.symbol == NAMELESS]
        for token in nameless:
            # the node works without its name
            with suppress(RpcError):
                self._keep(replace(token, symbol=contracts.read_symbol(token.address)))

    def _keep(self, token: Token) -> None:
        with self._lock:
            if self._listed.get(token.address) == token:
                return
            self._listed[token.address] = token
            said = {one.address: (one.symbol, one.decimals) for one in self._listed.values()}
        with self._database.writing() as connection:
            payments.set_meta(connection, _LISTED, json.dumps(said))

    def _named(self, address: str, contracts: Contracts) -> Token:
        for token in self._deployment.tokens:
            if token.address == address:
                return token
        return Token(address, contracts.read_symbol(address), 0)
