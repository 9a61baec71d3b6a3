"""The code of the integration guide runs as it stands."""

import re
from pathlib import Path
from typing import Any

from web3 import Web3

from tests.oracle.devnet import Devnet

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "contracts.md"


def test_integration_guide__its_code_on_a_devnet__pays_and_takes_back(shared_net: Devnet) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    scope: dict[str, Any] = {
        "RPC_URL": shared_net.anvil.url,
        "DEPLOYMENT": str(shared_net.folder / "31337.json"),
        "PAYER": Web3.to_checksum_address(shared_net.payer),
        "RECIPIENT": Web3.to_checksum_address(shared_net.payee),
    }
    exec(compile(code, str(GUIDE), "exec"), scope)  # noqa: S102 - our own documentation
    assert scope["created"]["paymentId"] == scope["payment_id"]
    assert scope["status"] == 1
    assert scope["cancelled"]["status"] == 1
    assert scope["why"] == "WrongStatus"
