"""From an RPC address to the contracts of the deployment there, made sure of: every command and the node begin so."""

from oracle.chain.contracts import Contracts
from oracle.chain.deployment import load_deployment
from oracle.chain.rpc import Rpc
from oracle.errors import WrongChain
from oracle.settings import Settings


def connect(rpc: Rpc, settings: Settings) -> Contracts:
    """The contracts that the deployment file of the RPC node's chain names.

    Raises RpcError, WrongChain (not the chain of PAYFLOW_CHAIN_ID, or another one than the file's), DeploymentError.
    """
    chain_id = rpc.ask("eth_chainId").number()
    if settings.chain_id is not None and chain_id != settings.chain_id:
        raise WrongChain(what="chain id", expected=settings.chain_id, found=chain_id)
    contracts = Contracts(rpc, load_deployment(settings.deployment_path(chain_id), chain_id=chain_id))
    contracts.check_chain()
    contracts.check_code()
    return contracts
