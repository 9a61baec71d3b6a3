"""Every error that PayFlow raises on purpose, as one tree.

    PayFlowError
    ├── ConfigurationError             the operator must correct a setting, a file or a key before anything can run
    │   ├── InvalidSetting             one variable of the environment or of payflow.toml
    │   ├── DataMissing                real data sets, which PayFlow does not contain
    │   ├── DataInvalid                a file of a data set says what its format does not allow
    │   ├── ToolMissing                a program that a command starts
    │   ├── DeploymentError            what deployments/<chain id>.json says, or should say
    │   │   ├── DeploymentMissing
    │   │   ├── DeploymentInvalid
    │   │   ├── DeploymentMismatch     the chain holds other code than the file says
    │   │   ├── DeployConfigInvalid    what config/<network>.toml asks for cannot be deployed
    │   │   ├── DeployerEmpty          the deploying account cannot pay for transactions
    │   │   ├── DeploymentBrokenOff    a step failed; the next run goes on from the journal
    │   │   ├── DevnetReset            the file belongs to an earlier run of the devnet
    │   │   └── ReadBackMismatch       a contract answers otherwise than it was told
    │   ├── KeyFileError               the signing key cannot be read safely
    │   │   ├── KeyFileMissing
    │   │   ├── KeyFileExposed         readable by other users of the machine
    │   │   ├── KeyFileInvalid
    │   │   ├── WrongPassword
    │   │   └── PlainKeyRefused        a key from the environment outside a devnet
    │   └── ModelError                 the risk model cannot be used
    │       ├── ModelMissing
    │       └── ModelInvalid
    ├── ChainError                     talking to the chain
    │   ├── RpcError
    │   │   ├── RpcUnavailable         no answer after all retries: wait and try again
    │   │   ├── RpcRejected            the RPC node answered with a JSON-RPC error
    │   │   ├── RpcInconsistent        the RPC node contradicts itself or lags: its answer is not used
    │   │   └── BlockMissing           a block that should exist is not known to the RPC node
    │   ├── WrongChain                 another chain id or another genesis than the deployment's
    │   ├── ReorgTooDeep               older than every block hash that the journal still holds
    │   ├── ContractRefused            a call reverted; carries the decoded custom error
    │   └── TransactionError
    │       ├── FeeLimitReached
    │       ├── GasLimitReached
    │       ├── InsufficientFunds
    │       ├── TransactionRefused     the RPC node does not take the transaction
    │       ├── TransactionUndecided   something failed behind the RPC node, which may have taken it
    │       └── WaitedTooLong          what a command waited for did not happen in time
    ├── SigningError
    │   ├── InvalidReport              a field is outside of what the contract accepts
    │   ├── InvalidSignature
    │   └── NoSigner                   this node runs without a key
    ├── StoreError                     the journal
    │   ├── StoreLocked                another process holds it
    │   ├── StoreFull
    │   ├── StoreUnavailable
    │   └── StoreSchema                written by another version
    ├── ScoringError
    │   ├── InvalidPayment             a payment that cannot be scored as it stands
    │   └── InvalidListing             a screening entry that is refused
    ├── RequestError                   what a caller asked for cannot be done; the node itself is well
    │   ├── InvalidAddress
    │   ├── InvalidAmount
    │   ├── InvalidReference
    │   ├── TokenUnknown
    │   ├── PaymentUnknown
    │   ├── ListingUnknown
    │   └── QuorumUnreachable          one node alone cannot answer for the quorum
    ├── NotReady                       the node has not caught up with the chain yet
    ├── NodeBusy                       more is asked of the node than it can answer in time
    ├── RoundsFailed                   a defect of the node ends one round after the other
    ├── ApiError                       a node's API, as a command sees it
    └── PeerError                      another oracle node's answer cannot be used

Each error carries its data as attributes (and together in `data`, which is safe to publish: it never holds a key, a
password or an RPC address's path) and builds its own sentence: what was wrong, with the value, and what to do about it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

SHOWN = 80
"""Characters of a value that a sentence shows."""


class PayFlowError(Exception):
    """Root of the tree. `data` holds what the sentence was built from."""

    retryable: ClassVar[bool] = False
    """Whether the same step may succeed later with nobody doing anything."""

    def __init__(self, sentence: str, **data: object) -> None:
        super().__init__(sentence)
        self.data: dict[str, object] = data

    @property
    def code(self) -> str:
        """The class name in kebab case, stable for scripts and for RFC 9457's `type`: "payment-unknown"."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(self).__name__).lower()


def _cut(value: object) -> str:
    """A value as sentences show it: whoever sends a long one must not fill the log. `data` keeps all of it."""
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


# --- configuration ---------------------------------------------------------------------------------------------------


class ConfigurationError(PayFlowError):
    """The operator must correct something before anything can run."""


class InvalidSetting(ConfigurationError):
    """A setting is missing, malformed or out of bounds. `value` is None where it is secret or absent."""

    def __init__(self, *, variable: str, problem: str, value: str | None = None) -> None:
        self.variable, self.problem, self.value = variable, problem, value
        shown = "" if value is None else f" is {_cut(repr(value))}, which"
        super().__init__(
            f"{variable}{shown} {problem}."
            f" Set it in the environment or in payflow.toml; docs/settings.md lists all of them.",
            variable=variable,
            problem=problem,
            value=value,
        )


class DataMissing(ConfigurationError):
    """`source`: where the data set comes from; `layout`: the files that its folder holds."""

    def __init__(self, *, path: Path, source: str, layout: str) -> None:
        self.path, self.source, self.layout = path, source, layout
        super().__init__(
            f"There is no data set at {path}. It comes from {source}, and is laid out as {layout}; docs/data.md says"
            f" more. Set PAYFLOW_DATA to the folder that holds the data sets, or name the file.",
            path=str(path),
            source=source,
            layout=layout,
        )


class DataInvalid(ConfigurationError):
    """`row`: line of a text file, or row of a Parquet file, from 1 on; None where the whole file or column is meant."""

    def __init__(
        self, *, path: Path, problem: str, remedy: str, row: int | None, column: str | None, value: str | None
    ) -> None:
        self.path, self.problem, self.remedy = path, problem, remedy
        self.row, self.column, self.value = row, column, value
        place = "" if row is None else f", {'row' if path.suffix == '.parquet' else 'line'} {row}"
        place += "" if column is None else f", column {column}"
        shown = "" if value is None else f"{_cut(repr(value))} "
        super().__init__(
            f"{path}{place}: {shown}{problem}. {remedy}",
            path=str(path),
            problem=problem,
            remedy=remedy,
            row=row,
            column=column,
            value=value,
        )


class ToolMissing(ConfigurationError):
    def __init__(self, *, tool: str, remedy: str) -> None:
        self.tool, self.remedy = tool, remedy
        super().__init__(f"{tool} was not found. {remedy}", tool=tool, remedy=remedy)


class DeploymentError(ConfigurationError):
    """Something about the deployment file."""


class DeploymentMissing(DeploymentError):
    def __init__(self, *, path: Path, chain_id: int | None = None) -> None:
        self.path, self.chain_id = path, chain_id
        chain = "" if chain_id is None else f" for chain {chain_id}"
        super().__init__(
            f"There is no deployment file{chain} at {path}. Deploy first (`payflow deploy`), or point"
            f" PAYFLOW_DEPLOYMENTS at the folder that holds it.",
            path=str(path),
            chain_id=chain_id,
        )


class DeploymentInvalid(DeploymentError):
    def __init__(self, *, path: Path, field: str, problem: str) -> None:
        self.path, self.field, self.problem = path, field, problem
        super().__init__(
            f"The deployment file {path} cannot be used: {field or 'the document'}: {problem}."
            f" Restore it from version control or deploy again.",
            path=str(path),
            field=field,
            problem=problem,
        )


class DeploymentMismatch(DeploymentError):
    def __init__(self, *, contract: str, address: str, expected: str, found: str) -> None:
        self.contract, self.address, self.expected, self.found = contract, address, expected, found
        super().__init__(
            f"{contract} at {address} has code hash {found}, but the deployment file says {expected}."
            f" The file belongs to another deployment, or the devnet was restarted: deploy again or correct the file.",
            contract=contract,
            address=address,
            expected=expected,
            found=found,
        )


class DeployConfigInvalid(DeploymentError):
    def __init__(self, *, path: Path, field: str, problem: str) -> None:
        self.path, self.field, self.problem = path, field, problem
        super().__init__(
            f"The deployment configuration {path} cannot be used: {field or 'the document'}: {problem}."
            f" docs/deployment.md explains every key.",
            path=str(path),
            field=field,
            problem=problem,
        )


class DeployerEmpty(DeploymentError):
    def __init__(self, *, address: str, chain_id: int) -> None:
        self.address, self.chain_id = address, chain_id
        super().__init__(
            f"The deployer {address} has no funds on chain {chain_id}. Send it some of the chain's currency, or name"
            f" another account with --account (`ape accounts list` shows them).",
            address=address,
            chain_id=chain_id,
        )


class DeploymentBrokenOff(DeploymentError):
    def __init__(self, *, step: str, problem: str, journal: Path) -> None:
        self.step, self.problem, self.journal = step, problem, journal
        super().__init__(
            f"The deployment broke off at {step}: {problem.rstrip('.')}. Remove the cause and run the same command"
            f" again: it goes on from {journal}.",
            step=step,
            problem=problem,
            journal=str(journal),
        )


class DevnetReset(DeploymentError):
    def __init__(self, *, path: Path, expected: str, found: str) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path} was written on a chain with genesis {expected}, this one has {found}: another chain of the same"
            f" id, or one that started anew. Point PAYFLOW_RPC_URL or APE_FOUNDRY_HOST at the right chain, or deploy"
            f" here with --fresh, which keeps the old file under another name.",
            path=str(path),
            expected=expected,
            found=found,
        )


class ReadBackMismatch(DeploymentError):
    def __init__(self, *, contract: str, what: str, expected: object, found: object) -> None:
        self.contract, self.what, self.expected, self.found = contract, what, expected, found
        super().__init__(
            f"{contract} answers {found} for {what}, but {expected} was configured. Do not use this deployment: deploy"
            f" with --fresh, and if it happens again do not trust the RPC node.",
            contract=contract,
            what=what,
            expected=str(expected),
            found=str(found),
        )


class KeyFileError(ConfigurationError):
    """The signing key cannot be read safely."""


class KeyFileMissing(KeyFileError):
    def __init__(self, *, path: Path, variable: str) -> None:
        self.path, self.variable = path, variable
        super().__init__(
            f"{variable} names {path}, which cannot be read. Create a key with `payflow keys new` or correct the path.",
            path=str(path),
            variable=variable,
        )


class KeyFileExposed(KeyFileError):
    def __init__(self, *, path: Path, mode: int) -> None:
        self.path, self.mode = path, mode
        super().__init__(
            f"{path} has permissions {mode:04o}: other users of this machine can read or change it."
            f" Run `chmod 600 {path}`.",
            path=str(path),
            mode=f"{mode:04o}",
        )


class KeyFileInvalid(KeyFileError):
    def __init__(self, *, path: Path | str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path} is no usable key file: {problem}. Expected Web3 Secret Storage version 3, as"
            f" `payflow keys new` writes it.",
            path=str(path),
            problem=problem,
        )


class WrongPassword(KeyFileError):
    def __init__(self, *, path: Path) -> None:
        self.path = path
        super().__init__(
            f"The password does not open the keystore {path}. Check the file that PAYFLOW_PASSWORD_FILE names.",
            path=str(path),
        )


class PlainKeyRefused(KeyFileError):
    def __init__(self, *, chain_id: int) -> None:
        self.chain_id = chain_id
        super().__init__(
            f"PAYFLOW_PRIVATE_KEY is for devnets only, and chain {chain_id} is not one. Import the key with"
            f" `payflow keys import` and set PAYFLOW_KEYSTORE_FILE and PAYFLOW_PASSWORD_FILE instead.",
            chain_id=chain_id,
        )


class ModelError(ConfigurationError):
    """The risk model cannot be used."""


class ModelMissing(ModelError):
    def __init__(self, *, path: Path | str) -> None:
        self.path = path
        super().__init__(
            f"There is no risk model at {path}. Train one with `payflow train`, or correct PAYFLOW_MODEL_FILE.",
            path=str(path),
        )


class ModelInvalid(ModelError):
    def __init__(self, *, path: Path | str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"The risk model {path} cannot be used: {problem}. Train it again with `payflow train`.",
            path=str(path),
            problem=problem,
        )


# --- the chain -------------------------------------------------------------------------------------------------------


class ChainError(PayFlowError):
    """Talking to the chain failed."""


class RpcError(ChainError):
    """The RPC node did not give a usable answer."""

    retryable = True


class RpcUnavailable(RpcError):
    """`endpoint` is scheme, host and port only: paths and queries of RPC addresses often hold keys."""

    def __init__(self, *, endpoint: str, method: str, attempts: int, cause: str) -> None:
        self.endpoint, self.method, self.attempts, self.cause = endpoint, method, attempts, cause
        super().__init__(
            f"No answer from the RPC node at {endpoint} to {method} after {attempts} attempt(s): {cause}."
            f" Check that it runs and that PAYFLOW_RPC_URL is right; the node goes on as soon as it answers.",
            endpoint=endpoint,
            method=method,
            attempts=attempts,
            cause=cause,
        )


class RpcRejected(RpcError):
    def __init__(
        self, *, endpoint: str, method: str, rpc_code: int | str, message: str, revert: str | None = None
    ) -> None:
        self.endpoint, self.method, self.rpc_code, self.message = endpoint, method, rpc_code, message
        self.revert = revert
        super().__init__(
            f"The RPC node at {endpoint} refused {method}: {message} (code {rpc_code}).",
            endpoint=endpoint,
            method=method,
            rpc_code=rpc_code,
            message=message,
            revert=revert,
        )


class RpcInconsistent(RpcError):
    def __init__(self, *, endpoint: str, problem: str) -> None:
        self.endpoint, self.problem = endpoint, problem
        super().__init__(
            f"The RPC node{f' at {endpoint}' if endpoint else ''} contradicts itself: {problem}. Its answer was not"
            f" used; if this lasts, it lags behind or serves several backends, and another one should be configured.",
            endpoint=endpoint,
            problem=problem,
        )


class BlockMissing(RpcError):
    def __init__(self, *, endpoint: str, block: int | str) -> None:
        self.endpoint, self.block = endpoint, block
        super().__init__(
            f"The RPC node at {endpoint} does not know block {block} (yet). It lags or the chain reorganised;"
            f" the node asks again.",
            endpoint=endpoint,
            block=block,
        )


class WrongChain(ChainError):
    def __init__(self, *, what: str, expected: object, found: object) -> None:
        self.what, self.expected, self.found = what, expected, found
        super().__init__(
            f"The RPC node serves another chain: {what} is {found}, the deployment was made on {expected}."
            f" Correct PAYFLOW_RPC_URL, or deploy on this chain (a restarted devnet is a new chain).",
            what=what,
            expected=expected,
            found=found,
        )


class ReorgTooDeep(ChainError):
    def __init__(self, *, block: int, oldest: int) -> None:
        self.block, self.oldest = block, oldest
        super().__init__(
            f"The chain reorganised below block {oldest}, the oldest whose hash the journal holds (the node was at"
            f" {block}). The journal is rebuilt from the deployment block.",
            block=block,
            oldest=oldest,
        )


class ContractRefused(ChainError):
    """A call reverted. `error` is the custom error's name, "" where the revert data is unknown."""

    def __init__(self, *, call: str, error: str, arguments: Mapping[str, object], raw: str = "") -> None:
        self.call, self.error, self.arguments, self.raw = call, error, dict(arguments), raw
        listed = ", ".join(f"{name}={_cut(value)}" for name, value in arguments.items())
        reason = f"{error}({listed})" if error else f"no known reason (revert data {_cut(raw) or 'empty'})"
        self.reason = reason
        super().__init__(
            f"The contract refused {call}: {reason}.",
            call=call,
            error=error,
            arguments={name: str(value) for name, value in arguments.items()},
            raw=raw,
        )


class TransactionError(ChainError):
    """A transaction cannot be sent as things stand."""

    retryable = True


class FeeLimitReached(TransactionError):
    def __init__(self, *, needed: int, limit: int) -> None:
        self.needed, self.limit = needed, limit
        super().__init__(
            f"The transaction needs a fee of {needed} wei per gas and PAYFLOW_MAX_FEE_GWEI allows {limit} wei."
            f" It is sent when fees fall; raise the limit to send it now.",
            needed=needed,
            limit=limit,
        )


class GasLimitReached(TransactionError):
    def __init__(self, *, needed: int, limit: int) -> None:
        self.needed, self.limit = needed, limit
        super().__init__(
            f"The transaction needs {needed} gas and PAYFLOW_MAX_GAS allows {limit}."
            f" Raise it or lower PAYFLOW_BATCH_SIZE.",
            needed=needed,
            limit=limit,
        )


class InsufficientFunds(TransactionError):
    def __init__(self, *, address: str, balance: int, needed: int) -> None:
        self.address, self.balance, self.needed = address, balance, needed
        super().__init__(
            f"The account {address} holds {balance} wei and the transaction may cost {needed} wei."
            f" Send native currency to it; a node goes on by itself then.",
            address=address,
            balance=balance,
            needed=needed,
        )


class TransactionRefused(TransactionError):
    def __init__(self, *, tx: str, message: str) -> None:
        self.tx, self.message = tx, message
        super().__init__(
            f"The RPC node does not take transaction {tx}: {message}. What it carries is tried again.",
            tx=tx,
            message=message,
        )


class TransactionUndecided(TransactionError):
    def __init__(self, *, tx: str, message: str) -> None:
        self.tx, self.message = tx, message
        super().__init__(
            f"The RPC node answered transaction {tx} with {message!r}: it may be on its way or not. It is sent again,"
            f" and gives way to one that does nothing where nobody gets to know it.",
            tx=tx,
            message=message,
        )


class WaitedTooLong(TransactionError):
    def __init__(self, *, what: str, seconds: float) -> None:
        self.what, self.seconds = what, seconds
        super().__init__(
            f"Nothing was heard of {what} for {seconds:.0f} seconds. It may still happen: look again with"
            f" `payflow payment`, and check that blocks are made and that a node runs (`payflow doctor`).",
            what=what,
            seconds=seconds,
        )


# --- signing ---------------------------------------------------------------------------------------------------------


class SigningError(PayFlowError):
    """A report cannot be signed or a signature cannot be used."""


class InvalidReport(SigningError):
    def __init__(self, *, field: str, value: object, problem: str) -> None:
        self.field, self.value, self.problem = field, value, problem
        super().__init__(
            f"The report's {field} is {_cut(value)}, {problem}.", field=field, value=str(value), problem=problem
        )


class InvalidSignature(SigningError):
    def __init__(self, *, problem: str) -> None:
        self.problem = problem
        super().__init__(f"The signature cannot be used: {problem}.", problem=problem)


class NoSigner(SigningError):
    def __init__(self) -> None:
        super().__init__(
            "This node runs without a key and signs nothing. Set PAYFLOW_KEYSTORE_FILE and PAYFLOW_PASSWORD_FILE"
            " (or PAYFLOW_PRIVATE_KEY on a devnet) and restart it."
        )


# --- the journal -----------------------------------------------------------------------------------------------------


class StoreError(PayFlowError):
    """The journal cannot be read or written."""


class StoreLocked(StoreError):
    def __init__(self, *, journal: str, holder: str) -> None:
        self.journal, self.holder = journal, holder
        super().__init__(
            f"Another process ({holder}) uses the journal {journal}. Two nodes on one journal would send each"
            f" transaction twice: stop the other one, or give this one its own PAYFLOW_DATA_DIR.",
            journal=journal,
            holder=holder,
        )


class StoreFull(StoreError):
    retryable = True

    def __init__(self, *, journal: str) -> None:
        self.journal = journal
        super().__init__(
            f"The disk or quota that holds the journal {journal} is full. Nothing is signed or sent until there is"
            f" room; the node then goes on by itself.",
            journal=journal,
        )


class StoreUnavailable(StoreError):
    retryable = True

    def __init__(self, *, journal: str, cause: str) -> None:
        self.journal, self.cause = journal, cause
        super().__init__(
            f"The journal {journal} cannot be used: {cause}. Check PAYFLOW_DATABASE_URL, permissions and the disk.",
            journal=journal,
            cause=cause,
        )


class StoreSchema(StoreError):
    def __init__(self, *, journal: str, found: str, expected: str) -> None:
        self.journal, self.found, self.expected = journal, found, expected
        super().__init__(
            f"The journal {journal} says {found}, this node needs {expected}. Keep the old file and start with an empty"
            f" journal: everything in it is rebuilt from the chain.",
            journal=journal,
            found=found,
            expected=expected,
        )


# --- scoring ---------------------------------------------------------------------------------------------------------


class ScoringError(PayFlowError):
    """The risk engine cannot do what it is asked."""


class InvalidPayment(ScoringError):
    def __init__(self, *, field: str, value: object, problem: str) -> None:
        self.field, self.value, self.problem = field, value, problem
        super().__init__(
            f"A payment with {field} {_cut(repr(value))} cannot be scored: {problem}.",
            field=field,
            value=str(value),
            problem=problem,
        )


class InvalidListing(ScoringError):
    def __init__(self, *, address: str, kind: str, problem: str) -> None:
        self.address, self.kind, self.problem = address, kind, problem
        super().__init__(
            f"{_cut(address)} cannot be listed as {kind}: {problem}.", address=address, kind=kind, problem=problem
        )


# --- requests --------------------------------------------------------------------------------------------------------


class RequestError(PayFlowError):
    """What a caller asked for cannot be done; the node itself is well."""


class InvalidAddress(RequestError):
    def __init__(self, *, value: str, field: str = "address") -> None:
        self.value, self.field = value, field
        super().__init__(
            f"{field} {_cut(repr(value))} is no address: expected 0x and 40 hexadecimal digits.",
            value=value,
            field=field,
        )


class InvalidAmount(RequestError):
    def __init__(self, *, value: str, problem: str) -> None:
        self.value, self.problem = value, problem
        super().__init__(f"The amount {_cut(repr(value))} cannot be used: {problem}.", value=value, problem=problem)


class InvalidReference(RequestError):
    def __init__(self, *, value: str) -> None:
        self.value = value
        super().__init__(
            f"The reference {_cut(repr(value))} cannot be used: expected 16 bytes as 0x and 32 hexadecimal digits, or a"
            f" UUID.",
            value=value,
        )


class TokenUnknown(RequestError):
    def __init__(self, *, token: str, known: tuple[str, ...]) -> None:
        self.token, self.known = token, known
        super().__init__(
            f"Token {_cut(repr(token))} is not in the deployment. Known: {', '.join(known) or 'none'}.",
            token=token,
            known=list(known),
        )


class PaymentUnknown(RequestError):
    def __init__(self, *, payment_id: str) -> None:
        self.payment_id = payment_id
        super().__init__(
            f"The node knows no payment {_cut(payment_id)}. Check the id; a payment made seconds ago appears with the"
            f" next block.",
            payment_id=payment_id,
        )


class ListingUnknown(RequestError):
    def __init__(self, *, address: str, kind: str) -> None:
        self.address, self.kind = address, kind
        super().__init__(f"{_cut(address)} is not listed as {kind} by this node.", address=address, kind=kind)


class QuorumUnreachable(RequestError):
    retryable = True

    def __init__(self, *, required: int, collected: int) -> None:
        self.required, self.collected = required, collected
        super().__init__(
            f"The contract demands reports of {required} signers and {collected} could be had. Ask again, or check"
            f" PAYFLOW_PEERS.",
            required=required,
            collected=collected,
        )


class NotReady(PayFlowError):
    """The node cannot answer for the chain's present state yet."""

    retryable = True

    def __init__(self, *, state: str, reason: str) -> None:
        self.state, self.reason = state, reason
        super().__init__(f"The node is {state}: {reason}. Try again in a moment.", state=state, reason=reason)


class NodeBusy(PayFlowError):
    """`waiting`: requests of the kind that are waiting already."""

    retryable = True

    def __init__(self, *, waiting: int) -> None:
        self.waiting = waiting
        super().__init__(
            f"The node has {waiting} requests to answer before this one. Try again in a moment.", waiting=waiting
        )


class RoundsFailed(PayFlowError):
    """`failure`: what was raised and where, without its words, which may hold anything."""

    def __init__(self, *, failure: str, rounds: int) -> None:
        self.failure, self.rounds = failure, rounds
        super().__init__(
            f"The node gave up after {rounds} rounds in a row that ended with {failure}. That is a defect of PayFlow or"
            f" of the machine: the log has the traceback. Nothing is lost; start it again, and report the defect.",
            failure=failure,
            rounds=rounds,
        )


class ApiError(PayFlowError):
    """`url` is the API's base address; `status` 0 where there was no answer at all."""

    def __init__(self, *, url: str, status: int, detail: str) -> None:
        self.url, self.status, self.detail = url, status, detail
        remedy = "" if status else " Start a node (`payflow node`) or name its API with --api."
        super().__init__(
            f"The node's API at {url} {'answered ' + str(status) if status else 'does not answer'}: {detail}.{remedy}",
            url=url,
            status=status,
            detail=detail,
        )


class PeerError(PayFlowError):
    """`peer` is scheme, host and port only."""

    retryable = True

    def __init__(self, *, peer: str, problem: str) -> None:
        self.peer, self.problem = peer, problem
        super().__init__(f"The oracle node at {peer} gave no usable report: {problem}.", peer=peer, problem=problem)
