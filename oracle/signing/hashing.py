"""Keccak-256, by the quicker of the two libraries that eth-hash knows.

eth-hash takes pycryptodome wherever that is installed, as it always is here; a report's digest spends 12 of its 20
microseconds in it, and 4 with safe-pysha3 (the C code of Keccak's authors).
"""

from eth_hash.backends.auto import AutoBackend
from eth_hash.main import Keccak256


def _quickest() -> Keccak256:
    try:
        from eth_hash.backends import pysha3
    except ImportError:
        return Keccak256(AutoBackend())
    return Keccak256(pysha3.backend)


keccak = _quickest()
"""The 32 bytes of a hash of bytes."""
