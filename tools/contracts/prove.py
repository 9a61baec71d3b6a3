"""Run the symbolic proofs with their bounds, or show that they can fail: `make prove`, `make prove-seeded`."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HALMOS = ROOT / ".venv-prove" / "bin" / "halmos"
WORK = ROOT / ".build" / "prove-seeded"
BOUNDS = {
    "LevelsProof|MedianProof|LimitsProof": ["--loop", "16"],
    "QuorumProof": ["--loop", "16"],
    "EscrowProof|PayingProof": ["--loop", "3", "--default-array-lengths", "0,1", "--default-bytes-lengths", "0,65"],
}
"""Loops are unrolled that often; arrays and bytes of a symbolic call have those lengths."""
SOURCES = {
    "LevelsProof|MedianProof|LimitsProof": ("Levels", "Median", "Limits"),
    "QuorumProof": ("Quorum",),
    "EscrowProof|PayingProof": ("Escrow", "Paying", "OnePayment"),
}
"""Where they stand: a mistake is compiled with the proofs that can notice it alone."""


@dataclass(frozen=True)
class Mistake:
    """A change of a source, and the proof that it must break."""

    file: str
    text: str
    instead: str
    proof: str

    @property
    def part(self) -> str:
        """Which of the parts holds the proof."""
        escrow, quorum = "EscrowProof|PayingProof", "QuorumProof"
        prefixes = {"check_quorum_": quorum, "check_final_": escrow, "check_pending_": escrow, "check_id_": escrow}
        return next((part for prefix, part in prefixes.items() if self.proof.startswith(prefix)), next(iter(BOUNDS)))


MISTAKES = (
    Mistake(
        "libraries/RiskLevels.sol",
        "if (score > 100) revert InvalidScore(score);\n        assembly",
        "assembly",
        "check_level_total",
    ),
    Mistake(
        "libraries/RiskLevels.sol", "gt(score, and(limits, 0xff))", "lt(score, and(limits, 0xff))", "check_level_exact"
    ),
    Mistake(
        "libraries/RiskLevels.sol",
        "limits.safe >= limits.low",
        "limits.safe > limits.low",
        "check_limits_acceptedOnesAreInOrder",
    ),
    Mistake("libraries/Votes.sol", "return votes[count / 2]", "return votes[count - 1]", "check_median_3_oneLiar"),
    Mistake("libraries/Votes.sol", "votes[place - 1] > vote", "votes[place - 1] < vote", "check_median_2"),
    Mistake(
        "libraries/RollingLimits.sol",
        "uint256 private constant BUCKETS = 4;",
        "uint256 private constant BUCKETS = 3;",
        "check_windows_secondPaymentSeesTheFirst",
    ),
    Mistake(
        "libraries/AccountProfile.sol", "uint256(score) << 144", "uint256(score) << 143", "check_profile_oneVerdictMore"
    ),
    Mistake("libraries/PaymentSlot.sol", "(tokenIndex_ << 208)", "(tokenIndex_ << 200)", "check_slot_membersAreApart"),
    Mistake(
        "FraudOracle.sol",
        "if (!hasRole(AI_ORACLE_ROLE, signer)) revert UnauthorizedSigner(signer);",
        "",
        "check_pending_notBySettling",
    ),
    Mistake(
        "PayFlowCore.sol",
        "revert OnlySender(id, msg.sender, payment.sender);\n        _requireStatus(id, slot, PaymentStatus.Pending);",
        "revert OnlySender(id, msg.sender, payment.sender);",
        "check_final_notByTheRest",
    ),
    Mistake(
        "PayFlowCore.sol",
        "if (PaymentSlot.unwrap(slot) != 0) revert PaymentAlreadyExists(id, slot.status());",
        "",
        "check_final_notByCreatePayment(",
    ),
    Mistake(
        "PayFlowCore.sol",
        "if (block.timestamp <= deadline) revert TooEarlyToReclaim(id, deadline, block.timestamp);",
        "",
        "check_pending_goesNowhereButBack",
    ),
    Mistake(
        "FraudOracle.sol",
        "if (seen & bit != 0) revert DuplicateSigner(signer);",
        "",
        "check_quorum_twoSignaturesAreOfTwoSigners",
    ),
    Mistake(
        "FraudOracle.sol",
        "if (seat == 0) revert UnauthorizedSigner(signer);",
        "",
        "check_quorum_aBatchIsOfTwoSigners",
    ),
    Mistake(
        "FraudOracle.sol",
        "if (signed != required) revert QuorumMismatch(signed, required);",
        "",
        "check_quorum_oneSignatureIsNone",
    ),
    Mistake(
        "FraudOracle.sol",
        "                seen,\n                required - count,\n                required\n            );\n            count = Votes.cast",
        "                0,\n                required - count,\n                required\n            );\n            count = Votes.cast",
        "check_quorum_twoReportsAreOfTwoSigners",
    ),
    Mistake(
        "libraries/SignerSet.sol",
        "seat := add(div(sub(at, start), ADDRESS_SIZE), 1)",
        "seat := div(sub(at, start), ADDRESS_SIZE)",
        "check_quorum_seats",
    ),
)


def main() -> int:
    """Returns 1 where a proof fails, or where one does not fail that should."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeded", action="store_true", help="seed mistakes and demand that their proofs fail")
    if arguments.parse_args().seeded:
        fail = [_fails(one) for one in MISTAKES]
        return 0 if all(fail) else 1
    failed = False
    for part, bounds in BOUNDS.items():
        done = _halmos(ROOT, ["--contract", part, *bounds])
        print(_results(done.stdout), flush=True)
        failed |= done.returncode != 0
    return 1 if failed else 0


def _fails(mistake: Mistake) -> bool:
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(ROOT / "contracts", WORK / "contracts")
    left_out = shutil.ignore_patterns(
        *(f"{name}*" for part, names in SOURCES.items() if part != mistake.part for name in names)
    )
    shutil.copytree(ROOT / "tests" / "proofs", WORK / "tests" / "proofs", ignore=left_out)
    for part in ("node_modules", ".toolchain"):
        (WORK / part).symlink_to(ROOT / part)
    shutil.copy(ROOT / "foundry.toml", WORK)
    path = WORK / "contracts" / mistake.file
    source = path.read_text()
    if source.count(mistake.text) != 1:
        print(f"{mistake.file} holds {mistake.text!r} {source.count(mistake.text)} times, not once: write it anew")
        return False
    path.write_text(source.replace(mistake.text, mistake.instead))
    done = _halmos(WORK, ["--match-test", f"^{re.escape(mistake.proof)}", "--early-exit", *BOUNDS[mistake.part]])
    failed = "[FAIL]" in re.sub(r"\x1b\[\d*m", "", done.stdout)
    print(
        f"  {mistake.file}: {mistake.instead or 'without ' + mistake.text}: {mistake.proof} {'fails' if failed else 'HOLDS'}"
    )
    return failed


def _halmos(folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(HALMOS), "--forge-build-out", ".build/prove/out", "--solver-timeout-assertion", "60000", *arguments],
        cwd=folder,
        env=os.environ | {"FOUNDRY_PROFILE": "prove"},
        capture_output=True,
        text=True,
        check=False,
    )


def _results(output: str) -> str:
    lines = re.sub(r"\x1b\[\d*m", "", output).splitlines()
    return "\n".join(
        line
        for line in lines
        if re.match(r"\[(PASS|FAIL|ERROR|TIMEOUT)\]|Symbolic test|Counterexample|WARNING|.*unrolling bound|Error", line)
    )


if __name__ == "__main__":
    sys.exit(main())
