"""A devnet with three signers of which two are enough."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oracle.signing import LocalSigner
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet

SECOND_KEY, THIRD_KEY = "0x" + "5c" * 32, "0x" + "5d" * 32
SIGNERS = [LocalSigner(bytes.fromhex(key[2:])).address for key in (SIGNER_KEY, SECOND_KEY, THIRD_KEY)]


@contextmanager
def trio(folder: Path) -> Iterator[Devnet]:
    """Every signer can pay for gas."""
    with devnet(folder, signers=SIGNERS, quorum=2) as found:
        for signer in SIGNERS:
            found.anvil.call("anvil_setBalance", signer, hex(10**18))
        yield found
