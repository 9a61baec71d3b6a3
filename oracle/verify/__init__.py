"""Recomputing a verdict as an outsider: from the chain's events, the model file and the lists, without any journal."""

from oracle.verify.evidence import Difference, EvidenceCheck
from oracle.verify.lists import read_changes
from oracle.verify.replay import Progress
from oracle.verify.result import FieldCheck, Outcome, Verification
from oracle.verify.verification import verify

__all__ = [
    "Difference",
    "EvidenceCheck",
    "FieldCheck",
    "Outcome",
    "Progress",
    "Verification",
    "read_changes",
    "verify",
]
