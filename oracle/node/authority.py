"""What the contracts say of this node: whether its reports count, and how many are needed."""

import time

from oracle.chain.contracts import Contracts
from oracle.node.condition import Condition

LOOK = 5.0
"""Seconds between two looks: quorum, roles and parts change with days of notice, or are taken away at once."""


class Authority:
    """Asks the contracts now and then, and says in the node's condition what is wrong. For one thread."""

    def __init__(self, contracts: Contracts, signer: str, condition: Condition) -> None:
        """`signer`: this node's address."""
        self._contracts = contracts
        self._signer = signer
        self._condition = condition
        self._replaced = False
        self._looked_at = float("-inf")

    def quorum(self) -> int | None:
        """The quorum, or None while the contracts take no report of this node's. Raises RpcError."""
        facts = self._condition.facts
        if facts.quorum is None or facts.authorised is None or time.monotonic() - self._looked_at > LOOK:
            self._look()
            facts = self._condition.facts
        return facts.quorum if facts.authorised else None

    def _look(self) -> None:
        contracts, condition = self._contracts, self._condition
        quorum, authorised = contracts.quorum(), contracts.is_signer(self._signer)
        replaced = contracts.replaced_parts()
        self._replaced = "FraudOracle" in replaced
        self._looked_at = time.monotonic()
        condition.learn(quorum=quorum, authorised=authorised and not self._replaced)
        if authorised:
            condition.clear("signer")
        else:
            condition.note(
                "signer",
                "not-a-signer",
                f"{self._signer} holds no AI_ORACLE_ROLE in the FraudOracle contract: this node scores and submits"
                f" nothing. Grant the role, or configure the key of a signer.",
            )
        if replaced:
            listed = " and ".join(f"{name} at {address}" for name, address in replaced.items())
            stopped = "its reports count nowhere and it submits nothing" if self._replaced else "it misses its lists"
            condition.note(
                "parts",
                "part-replaced",
                f"The core works with {listed}, of which {contracts.deployment.path} knows nothing: {stopped}. Write"
                f" the new contract into that file and start the node again (docs/deployment.md).",
            )
        else:
            condition.clear("parts")
