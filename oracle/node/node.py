"""One oracle node: puts the parts together and runs its rounds.

    ┌─► connect ─► watch ─► settle ─► follow transactions ─► wait ─┐
    │   (checks     (score,  (plan,    (rebroadcast, replace,      │
    │    chain,      sign,    check,    confirm)                   │
    │    code)       journal) submit)                              │
    └──────────────────────────────────────────────────────────────┘

Every round starts from the journal, so that it does not matter after which step the last one ended. What the chain or
the disk refuses ends a round, is shown as a problem, and the next round tries again; so does what nobody foresaw, for a
while. Only what nobody can wait out (another chain, other contracts, a defect that stays) ends the node.
"""

import random
import threading
from collections.abc import Callable
from fractions import Fraction

import structlog
from prometheus_client import CollectorRegistry

from oracle.chain.blocks import BlockReader
from oracle.chain.connect import connect
from oracle.chain.rpc import Rpc
from oracle.chain.transactions import GWEI, FeePolicy, TransactionPort
from oracle.errors import ConfigurationError, PayFlowError, RpcError, StoreError, StoreSchema, WrongChain
from oracle.node.bus import EventBus
from oracle.node.condition import DEFECT, UNEXPECTED, Condition
from oracle.node.counts import Recount
from oracle.node.facade import Connected, Facade
from oracle.node.finality import Finality
from oracle.node.harvest import Harvester
from oracle.node.metrics import NodeMetrics
from oracle.node.outbox import Outbox
from oracle.node.peers import Peers
from oracle.node.present import feed_data
from oracle.node.quorum import KnownQuorum
from oracle.node.rounds import Rounds
from oracle.node.scorer import Scorer
from oracle.node.service import NodeService
from oracle.node.settler import Settler
from oracle.node.tokens import Tokens
from oracle.node.transactor import Limits, Transactor
from oracle.node.watcher import Watcher
from oracle.scoring import RiskModel, ScreeningLists
from oracle.settings import Settings
from oracle.signing import ReportDigests, read_signer, refuse_plain_key
from oracle.store import Database, intents, payments

LONGEST_PAUSE = 10.0
"""Seconds between rounds at most while they fail."""

FATAL = (ConfigurationError, WrongChain, StoreError)
"""What waiting does not help, unless the error says otherwise: somebody has to correct something."""

log = structlog.get_logger("payflow.node")


class Node:
    """A node on one journal. `service` may be used from any thread; `run` belongs to one."""

    def __init__(self, settings: Settings, *, registry: CollectorRegistry | None = None) -> None:
        """Open the journal and the model; the chain is not needed yet.

        Raises ConfigurationError (model, key, settings), StoreError (StoreLocked where another node has the journal).
        """
        self._settings = settings
        self._bus = EventBus()
        self._condition = Condition(self._bus)
        self._metrics = NodeMetrics(registry or CollectorRegistry())
        model = RiskModel.default() if settings.model_file is None else RiskModel.load(settings.model_file)
        # before the journal is opened and the chain is asked: a wrong password shows at once
        self._signer = read_signer(settings)
        self._scorer = Scorer(model, ScreeningLists())
        self._database = Database(settings.journal_url)
        self._metrics.count_stages(Recount(self._database, "stage"))
        self._facade = Facade(
            settings=settings,
            database=self._database,
            scorer=self._scorer,
            condition=self._condition,
            bus=self._bus,
        )
        self._rounds: Rounds | None = None

    @property
    def service(self) -> NodeService:
        """What the API and the commands use."""
        return self._facade

    def run(self, stop: threading.Event, synced: Callable[[], None] | None = None) -> None:
        """Work until `stop` is set; the step in hand is finished first. `synced` is called once, in this thread, when
        the chain's past has been read.

        Raises WrongChain, DeploymentError, KeyFileError, StoreSchema, RoundsFailed: what does not pass by waiting.
        """
        log.info("node started", rpc=self._settings.rpc_endpoint, model=self._scorer.model.version)
        self._condition.running(True)
        self._scorer.warm_up()
        failures = 0
        try:
            while not stop.is_set():
                if self._round(stop):
                    failures = 0
                    if synced is not None and self._condition.facts.synced_once:
                        synced()
                        synced = None
                    pause = self._settings.poll_interval
                else:
                    failures += 1
                    spread = random.uniform(0.75, 1.25)  # noqa: S311 (no secret: it keeps nodes from acting in step)
                    pause = min(self._settings.poll_interval * 2 ** min(failures, 16), LONGEST_PAUSE) * spread
                stop.wait(pause)
        finally:
            self._condition.running(False)
            log.info("node stopped")

    def close(self) -> None:
        """Release the journal. Call it when `run` has returned."""
        if self._rounds is not None:
            self._rounds.peers.close()
        try:
            self._facade.flush_counts()
        except StoreError as error:
            log.warning("counts not kept", error=str(error))
        self._database.close()

    # --- rounds ---

    def _round(self, stop: threading.Event) -> bool:
        """One round; returns whether nothing failed that is worth waiting for."""
        try:
            if self._rounds is None:
                self._rounds = self._connect(stop)
            self._rounds.work(stop)
        except PayFlowError as error:
            if isinstance(error, FATAL) and not error.retryable:
                raise
            topic = "journal" if isinstance(error, StoreError) else "chain"
            self._condition.report(topic, error)
            # an RPC node that is away now and then has not proven that the defect is gone
            if not isinstance(error, RpcError):
                self._condition.clear(DEFECT)
            self._failed(error.code, unchecked=isinstance(error, RpcError))
            return False
        except Exception as defect:
            # one odd answer that nobody foresaw must not leave every payment unsettled
            self._failed(UNEXPECTED, unchecked=True)
            self._condition.unexpected(defect)
            return False
        for topic in ("chain", "journal", DEFECT):
            self._condition.clear(topic)
        if self._condition.facts.failing:
            self._condition.learn(failing=False)
        return True

    def _failed(self, code: str, *, unchecked: bool) -> None:
        """A round ended early; `unchecked`: what the RPC node serves is to be looked at again."""
        self._metrics.step_errors.labels(code=code).inc()
        self._condition.learn(caught_up=False, failing=True)
        if self._rounds is not None and unchecked:
            self._rounds.unchecked = True

    def _connect(self, stop: threading.Event) -> Rounds:
        """Find the deployment for the RPC node's chain and build everything that needs it."""
        settings = self._settings
        rpc = Rpc(settings.rpc_url, timeout=settings.rpc_timeout, retries=settings.rpc_retries, stop=stop)
        contracts = connect(rpc, settings)
        deployment = contracts.deployment
        chain_id = deployment.chain_id
        refuse_plain_key(settings, chain_id=chain_id)
        signer = self._signer
        self._claim_journal(f"{chain_id} {deployment.genesis_hash} {deployment.core.address}")
        if signer is not None:
            self._claim_nonces(signer.address)
        digests = ReportDigests(chain_id=chain_id, verifying_contract=deployment.oracle.address)
        tokens = Tokens(deployment, self._database)
        tokens.name_again(contracts)
        peers = Peers(settings.peers, timeout=settings.peer_timeout, digests=digests, stop=stop)
        port = TransactionPort(rpc)
        settler = transactor = None
        if signer is not None:
            settler = Settler(
                settings=settings,
                database=self._database,
                contracts=contracts,
                digests=digests,
                signer=signer,
                peers=peers,
                condition=self._condition,
                bus=self._bus,
                metrics=self._metrics,
            )
            transactor = Transactor(
                database=self._database,
                port=port,
                outbox=Outbox(database=self._database, port=port, signer=signer, chain_id=chain_id),
                policy=FeePolicy(
                    limit=int(settings.max_fee_gwei * GWEI),
                    priority=int(settings.priority_fee_gwei * GWEI),
                    bump=Fraction(settings.fee_bump_percent) / 100,
                ),
                limits=Limits(settings.max_in_flight, settings.max_gas, settings.bump_after),
                condition=self._condition,
                still_useful=settler.still_useful,
                on_mined=settler.on_mined,
            )
        reader = BlockReader(rpc, contracts.wanted, log_range=settings.log_range, log_range_max=settings.log_range_max)
        harvester = Harvester(
            contracts=contracts,
            scorer=self._scorer,
            tokens=tokens,
            digests=digests,
            signer=signer,
            metrics=self._metrics,
        )
        watcher = Watcher(
            settings=settings,
            database=self._database,
            reader=reader,
            contracts=contracts,
            scorer=self._scorer,
            tokens=tokens,
            harvester=harvester,
            condition=self._condition,
            bus=self._bus,
            metrics=self._metrics,
            present=lambda row: feed_data(self._facade.view(row)),
            on_skipped=(lambda _row, _reason: None) if settler is None else settler.refused,
        )
        self._condition.learn(chain_id=chain_id, signer=None if signer is None else signer.address)
        self._facade.connect(
            Connected(contracts, deployment, tokens, digests, signer, watcher, KnownQuorum(contracts.quorum), peers)
        )
        harvester.sign_again(self._database)
        log.info("connected", chain_id=chain_id, core=deployment.core.address, signer=signer and signer.address)
        return Rounds(
            settings=settings,
            contracts=contracts,
            finality=Finality(reader, settings, self._condition),
            watcher=watcher,
            settler=settler,
            transactor=transactor,
            peers=peers,
            condition=self._condition,
            metrics=self._metrics,
            facade=self._facade,
        )

    def _claim_journal(self, chain: str) -> None:
        """The journal belongs to one deployment on one chain. Raises StoreSchema for another's."""
        with self._database.writing() as connection:
            found = payments.get_meta(connection, "chain")
            if found is None:
                payments.set_meta(connection, "chain", chain)
            elif found != chain:
                raise StoreSchema(
                    journal=self._database.name, found=f"it belongs to chain {found}", expected=f"chain {chain}"
                )

    def _claim_nonces(self, account: str) -> None:
        """Nonces are an account's own: what another key had under way is left to itself, and planned anew."""
        with self._database.writing() as connection:
            before = payments.get_meta(connection, "account")
            if before == account:
                return
            payments.set_meta(connection, "account", account)
            left = 0 if before is None else intents.leave(connection)
        if before is not None:
            log.warning("another signing key", before=before, now=account, transactions_left=left)
