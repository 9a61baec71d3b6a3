"""What is to be deployed, and the record of what was: used by scripts/deploy.py, free of ape and web3."""

from oracle.deploy.config import DeployConfig, TierLimits, load_config
from oracle.deploy.record import Progress, Record, write_atomically

__all__ = ["DeployConfig", "Progress", "Record", "TierLimits", "load_config", "write_atomically"]
