"""JSON that is nested without end is refused, because no import leaves Python's recursion limit raised."""

import subprocess
import sys

import pytest

PROBE = "import sys, json; {}; print(sys.getrecursionlimit()); json.loads('[' * 99_000)"


@pytest.mark.parametrize(
    "imports",
    [
        "import oracle.chain.rpc",
        "import oracle.chain.connect",
        "import oracle.signing",
        "import oracle.signing.keystore",
        "import oracle.cli",
        "import web3, oracle.chain.rpc",
        "import oracle.chain.rpc, web3, eth_account, py_ecc",
        "import oracle.signing, web3, py_ecc",
    ],
)
def test_recursion_limit__any_order_of_imports__is_pythons_own(imports: str) -> None:
    ended = subprocess.run([sys.executable, "-c", PROBE.format(imports)], capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == "1000", ended.stderr
    assert ended.returncode == 1, "it did not end as Python programs do"
    assert "RecursionError" in ended.stderr
