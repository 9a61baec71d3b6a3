"""What is to be deployed, the record of what was, and whether the chain agrees: for scripts/deploy.py, free of ape."""

from oracle.deploy.config import UNLIMITED, DeployConfig, TierLimits, load_config
from oracle.deploy.plan import compliance_setup, core_setup, oracle_setup, planned
from oracle.deploy.readback import Difference, differences, plain
from oracle.deploy.record import Progress, Record, write_atomically

__all__ = [
    "UNLIMITED",
    "DeployConfig",
    "Difference",
    "Progress",
    "Record",
    "TierLimits",
    "compliance_setup",
    "core_setup",
    "differences",
    "load_config",
    "oracle_setup",
    "plain",
    "planned",
    "write_atomically",
]
