"""The demo's chain: anvil with its clock in our hands and any address as a sender."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from oracle.chain.abi import load_abi
from oracle.chain.blocks import log_of
from oracle.chain.contracts import ChainEvent, Contracts, PaymentTerms
from oracle.chain.deployment import Deployment, Token
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus
from oracle.demo.ledger import Entry
from oracle.errors import RpcRejected

ETHER = 10**18
GAS = 600_000
FEE = 100 * 10**9


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction on its way."""

    tx: str


class StoryChain:
    """Sends as anyone and moves time, as only a devnet allows."""

    def __init__(self, rpc: Rpc, deployment: Deployment, funder: str) -> None:
        self._rpc = rpc
        self.deployment = deployment
        self.contracts = Contracts(rpc, deployment)
        self._funder = funder
        self._core = load_abi("PayFlowCore")
        self._coin = load_abi("TestStablecoin")
        self._read_to = deployment.first_block - 1
        rpc.write("anvil_autoImpersonateAccount", True)

    @property
    def token(self) -> Token:
        """The test stablecoin."""
        return self.deployment.tokens[0]

    # --- time ---

    def now(self) -> int:
        """Timestamp of the newest block."""
        return int(self._rpc.read("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def height(self) -> int:
        """Number of the newest block."""
        return int(self._rpc.read("eth_blockNumber"), 16)

    def mine_at(self, timestamp: int) -> int:
        """Mine a block at `timestamp`, or one second after the last block where that is past; the block's time."""
        at = max(timestamp, self.now() + 1)
        try:
            self._rpc.write("evm_setNextBlockTimestamp", at)
        except RpcRejected:  # a block of the one-second rhythm came in between: any later time will do
            at = self.now() + 2
            self._rpc.write("evm_setNextBlockTimestamp", at)
        self._rpc.write("evm_mine")
        return at

    # --- sending ---

    def fund(self, wallets: Mapping[str, int]) -> None:
        """Give each wallet currency for fees, this many base units of the test stablecoin, and an approval."""
        for wallet, amount in wallets.items():
            self._rpc.write("anvil_setBalance", wallet, hex(ETHER))
            self.send(self._funder, self.token.address, self._coin.functions["mint"].call_data(wallet, amount))
            approve = self._coin.functions["approve"].call_data(self.deployment.core.address, 2**256 - 1)
            self.send(wallet, self.token.address, approve)
        self._rpc.write("evm_mine")

    def create(self, terms: PaymentTerms) -> Sent:
        """`createPayment` by the payment's sender."""
        data = self._core.functions["createPayment"].call_data(
            terms.recipient, terms.token, terms.amount, bytes.fromhex(terms.reference[2:])
        )
        return self.send(terms.sender, self.deployment.core.address, data)

    def cancel(self, terms: PaymentTerms) -> Sent:
        """`cancel` by the payment's sender."""
        return self.send(
            terms.sender, self.deployment.core.address, self._core.functions["cancel"].call_data(terms.as_abi())
        )

    def review(self, reviewer: str, terms: PaymentTerms, *, approve: bool, note: str) -> Sent:
        """`approve` or `reject` by a reviewer."""
        function = self._core.functions["approve" if approve else "reject"]
        return self.send(reviewer, self.deployment.core.address, function.call_data(terms.as_abi(), note))

    def sanction(self, officer: str, wallet: str) -> Sent:
        """Put a wallet on the compliance engine's own list."""
        data = load_abi("ComplianceEngine").functions["sanction"].call_data(wallet, "demo")
        return self.send(officer, self.deployment.compliance.address, data)

    def send(self, sender: str, to: str, data: str) -> Sent:
        """Send without waiting; the block comes with `mine_at`."""
        transaction = {
            "from": sender,
            "to": to,
            "data": data,
            "gas": hex(GAS),
            "maxFeePerGas": hex(FEE),
            "maxPriorityFeePerGas": hex(10**9),
        }
        return Sent(self._rpc.write("eth_sendTransaction", transaction))

    # --- reading ---

    def new_events(self) -> list[tuple[ChainEvent, str]]:
        """Events of the core since the last call, each with its transaction."""
        head = self.height()
        if head <= self._read_to:
            return []
        logs = self._rpc.read(
            "eth_getLogs",
            {
                "address": self.deployment.core.address,
                "fromBlock": hex(self._read_to + 1),
                "toBlock": hex(head),
            },
        )
        self._read_to = head
        found = []
        for entry in logs:
            event = self.contracts.decode(log_of(entry))
            if event is not None:
                found.append((event, str(entry["transactionHash"])))
        return found

    def receipt(self, tx: str) -> Mapping[str, Any] | None:
        """A transaction's receipt."""
        found: Mapping[str, Any] | None = self._rpc.read("eth_getTransactionReceipt", tx)
        return found

    def balances(self, holders: Iterable[str]) -> dict[str, int]:
        """Base units of the test stablecoin."""
        function = self._coin.functions["balanceOf"]
        wanted = list(holders)
        calls = [({"to": self.token.address, "data": function.call_data(holder)}, "latest") for holder in wanted]
        answers = self._rpc.read_many("eth_call", calls)
        return {holder: int(answer, 16) for holder, answer in zip(wanted, answers, strict=True)}

    def supply(self) -> int:
        """All test stablecoins there are."""
        call = {"to": self.token.address, "data": self._coin.functions["totalSupply"].call_data()}
        return int(self._rpc.read("eth_call", call, "latest"), 16)

    def statuses(self, entries: Mapping[str, Entry]) -> dict[str, PaymentStatus]:
        """What the core says of payments; of instant ones it knows their used references."""
        said = self.contracts.statuses([one for one, entry in entries.items() if not entry.act.instant])
        instant = {one: entry.act for one, entry in entries.items() if entry.act.instant}
        used = self.contracts.references_used([(act.sender, act.reference) for act in instant.values()])
        for one, paid in zip(instant, used, strict=True):
            said[one] = PaymentStatus.SETTLED if paid else PaymentStatus.NONE
        return said
