"""PayFlow: a fraud oracle whose verdicts a smart contract can enforce."""

__version__ = "0.1.0"
