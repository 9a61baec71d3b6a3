"""Running a node: logs and checks."""

from oracle.ops.doctor import Check, Outcome, examine
from oracle.ops.logging import configure_logging

__all__ = ["Check", "Outcome", "configure_logging", "examine"]
