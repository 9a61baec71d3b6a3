"""Which lines and branches of the contracts the tests run: `make coverage`.

Every call and transaction of the tests is traced on anvil, and kept by test; tools/contracts/coverage.py brings the
program counters back to the sources. Without PAYFLOW_COVERAGE nothing is traced.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OPTIONS = {"disableStorage": True, "disableMemory": True}
CALLS = ("CALL", "STATICCALL", "DELEGATECALL", "CALLCODE")


@dataclass
class Tracer:
    """Records program counters, and the ways of conditional jumps, by test and the code that ran."""

    request: Any
    seen: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    jumps: dict[tuple[str, str], set[tuple[int, bool]]] = field(default_factory=lambda: defaultdict(set))
    codes: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, params: Any) -> Any:
        """Stands in for the RPC provider's make_request."""
        answer = self.request(method, params)
        if method == "eth_call":
            self._trace("debug_traceCall", [params[0], "latest", OPTIONS], params[0])
        return answer

    def sending(self, send: Any) -> Any:
        """Stands in for the send_transaction of ape's provider."""

        def traced(provider: Any, transaction: Any) -> Any:
            try:
                receipt = send(provider, transaction)
            except Exception:
                call = {"from": transaction.sender, "to": transaction.receiver, "data": "0x" + transaction.data.hex()}
                self._trace("debug_traceCall", [call, "latest", OPTIONS], call)
                raise
            sent = {"to": transaction.receiver, "data": "0x" + transaction.data.hex()}
            self._trace("debug_traceTransaction", [receipt.txn_hash, OPTIONS], sent)
            return receipt

        return traced

    def _trace(self, method: str, params: list[Any], transaction: Any) -> None:
        steps = (self.request(method, params).get("result") or {}).get("structLogs") or []
        first = str(transaction.get("to") or "").lower()
        stack = [self._code(first) if first else self._creation(transaction)]
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
        for number, step in enumerate(steps):
            depth = step["depth"]
            del stack[depth:]
            code, pc, op = stack[-1], step["pc"], step["op"]
            if code:
                self.seen[test, code].add(pc)
            following = steps[number + 1] if number + 1 < len(steps) else None
            if following is None:
                continue
            if op == "JUMPI" and code and following["depth"] == depth:
                self.jumps[test, code].add((pc, following["pc"] != pc + 1))
            if following["depth"] > depth:
                if op in CALLS:
                    stack.append(self._code("0x" + step["stack"][-2].removeprefix("0x").zfill(40)[-40:]))
                else:
                    stack.append("")

    def _code(self, address: str) -> str:
        code = str(self.request("eth_getCode", [address, "latest"]).get("result") or "0x")
        return self._known(code)

    def _creation(self, transaction: Any) -> str:
        return self._known("creation:" + str(transaction.get("input") or transaction.get("data") or ""))

    def _known(self, code: str) -> str:
        if len(code) < 100:
            return ""
        key = code[:9].replace("creation:", "c") + str(hash(code))
        self.codes.setdefault(key, code)
        return key

    def save(self, path: Path) -> None:
        """For the report."""
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            {"test": test, "code": code, "pcs": sorted(pcs), "jumps": sorted(self.jumps[test, code])}
            for (test, code), pcs in self.seen.items()
        ]
        path.write_text(json.dumps({"codes": self.codes, "rows": rows}))
