"""Tests of the tests: seed a mistake into a copy of the contracts, and demand that the invariant tests find it.

    python tools/contracts/seeded.py [NAME ...]     all mistakes, or the named ones

A mistake whose text is not found in the sources any more fails the run as well: it must be written anew, not forgotten.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build" / "seeded"
LIMITS = {"FOUNDRY_INVARIANT_RUNS": "40", "FOUNDRY_INVARIANT_DEPTH": "150", "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0"}


@dataclass(frozen=True)
class Mistake:
    """What is changed where, and which promises it breaks (one of them found is enough)."""

    name: str
    patches: tuple[tuple[str, str, str], ...]
    breaks: str


MISTAKES = (
    Mistake(
        "any-signer",
        (("FraudOracle.sol", "if (seat == 0) revert UnauthorizedSigner(signer);", ""),),
        "3",
    ),
    Mistake(
        "same-signer-twice",
        (("FraudOracle.sol", "if (seen & bit != 0) revert DuplicateSigner(signer);", ""),),
        "3",
    ),
    Mistake(
        "lowest-instead-of-median",
        (("libraries/Votes.sol", "return votes[count / 2]", "return votes[0]"),),
        "3",
    ),
    Mistake(
        "report-on-any-payment",
        (
            (
                "libraries/RiskReports.sol",
                "if (report.paymentId != paymentId) revert WrongPayment(paymentId, report.paymentId);",
                "",
            ),
        ),
        "3",
    ),
    Mistake(
        "expired-report",
        (("libraries/RiskReports.sol", "lt(expiresAt, now_)", "0"),),
        "3",
    ),
    Mistake(
        "malleable-signature",
        (("libraries/PackedSignatures.sol", "if (uint256(s) > HALF_ORDER) revert MalleableSignature(s);", ""),),
        "3",
    ),
    Mistake(
        "id-without-reference",
        (
            (
                "PayFlowCore.sol",
                "payment, 160)\n            id := keccak256(free, 224)",
                "payment, 160)\n            id := keccak256(free, 192)",
            ),
            (
                "PayFlowCore.sol",
                "ref)\n            id := keccak256(free, 224)",
                "ref)\n            id := keccak256(free, 192)",
            ),
        ),
        "2",
    ),
    Mistake(
        "refund-before-the-state",
        (
            (
                "PayFlowCore.sol",
                "        _payments[id] = slot.withStatus(status);\n        _send(payment.token, payment.sender, payment.amount);",
                "        _send(payment.token, payment.sender, payment.amount);\n        _payments[id] = slot.withStatus(status);",
            ),
            (
                "PayFlowCore.sol",
                "function reclaim(Payment calldata payment) external nonReentrant",
                "function reclaim(Payment calldata payment) external",
            ),
        ),
        "127",
    ),
    Mistake(
        "deadline-one-second-early",
        (
            (
                "PayFlowCore.sol",
                "if (block.timestamp <= deadline) revert TooEarlyToReclaim",
                "if (block.timestamp < deadline) revert TooEarlyToReclaim",
            ),
        ),
        "2",
    ),
    Mistake(
        "settles-twice",
        (
            (
                "PayFlowCore.sol",
                "        _requireStatus(id, slot, PaymentStatus.Pending);\n        if (block.timestamp > slot.settleDeadline()",
                "        if (block.timestamp > slot.settleDeadline()",
            ),
        ),
        "12",
    ),
    Mistake(
        "pays-the-listed",
        (
            (
                "ComplianceEngine.sol",
                "refused = profile.frozen() || _accounts[recipient] & (SANCTIONED | FROZEN | BLACKLISTED) != 0;",
                "refused = profile.frozen();",
            ),
        ),
        "5",
    ),
    Mistake(
        "pays-for-the-frozen",
        (("ComplianceEngine.sol", "refused = profile.frozen() || ", "refused = "),),
        "5",
    ),
    Mistake(
        "reference-used-twice",
        (("PayFlowCore.sol", "if (bits & bit != 0) revert ReferenceUsed(sender, ref);", ""),),
        "2",
    ),
    Mistake(
        "pays-the-sender",
        (
            (
                "PayFlowCore.sol",
                "(status, payee) = (PaymentStatus.Settled, recipient);",
                "(status, payee) = (PaymentStatus.Settled, sender);",
            ),
        ),
        "2",
    ),
    Mistake(
        "anyone-cancels",
        (
            (
                "PayFlowCore.sol",
                "if (msg.sender != payment.sender) revert OnlySender(id, msg.sender, payment.sender);\n        _requireStatus",
                "_requireStatus",
            ),
        ),
        "2",
    ),
    Mistake(
        "loosens-at-once",
        (("FraudOracle.sol", "if (!tightens) revert LooseningWaits(what);", ""),),
        "6",
    ),
    Mistake(
        "intent-of-anyone",
        (
            (
                "PayFlowCore.sol",
                "_requireSignature(payment.sender, digest, signature);",
                "",
            ),
        ),
        "6",
    ),
    Mistake(
        "no-way-out-in-a-pause",
        (
            (
                "PayFlowCore.sol",
                "function reclaim(Payment calldata payment) external nonReentrant",
                "function reclaim(Payment calldata payment) external nonReentrant whenNotPaused",
            ),
        ),
        "4",
    ),
    Mistake(
        "counts-what-was-sent",
        (("PayFlowCore.sol", "if (balance < before || balance - before != amount)", "if (balance < before)"),),
        "12",
    ),
    Mistake(
        "one-stops-the-batch",
        (
            (
                "PayFlowCore.sol",
                "        emit SettlementSkipped(id, reason);\n",
                "        revert TransferFailed(address(0), address(0), reason.length);\n",
            ),
        ),
        "7",
    ),
    Mistake(
        "batch-pays-the-sender",
        (
            (
                "PayFlowCore.sol",
                "revert OnlySelf(msg.sender);\n        return _apply(id, payment.sender, payment.recipient,",
                "revert OnlySelf(msg.sender);\n        return _apply(id, payment.sender, payment.sender,",
            ),
        ),
        "2",
    ),
    Mistake(
        "batch-counts-signers-of-each-part",
        (
            (
                "FraudOracle.sol",
                "                seen,\n                required - count,\n                required\n            );\n            count += weights[i];",
                "                0,\n                required - count,\n                required\n            );\n            count += weights[i];",
            ),
        ),
        "3",
    ),
    Mistake(
        "batch-in-any-order",
        (
            (
                "FraudOracle.sol",
                "RiskReports.check(reports[p], paymentIds[p],",
                "RiskReports.check(reports[p], reports[p].paymentId,",
            ),
        ),
        "3",
    ),
    Mistake(
        "batch-below-the-quorum",
        (
            (
                "FraudOracle.sol",
                "            count += weights[i];\n        }\n        if (count != required) revert QuorumMismatch(count, required);",
                "            count += weights[i];\n        }",
            ),
        ),
        "3",
    ),
    Mistake(
        "whitelists-at-once",
        (
            (
                "FraudOracle.sol",
                "function whitelistWallet(address wallet) external onlyScheduled {",
                (
                    "function whitelistWallet(address wallet) external {"
                    " if (msg.sender != address(this)) _checkRole(RISK_ADMIN_ROLE);"
                ),
            ),
        ),
        "6",
    ),
    Mistake(
        "oracle-at-once",
        (
            (
                "core/CoreGovernance.sol",
                "function setOracle(address oracle_) external onlyScheduled",
                "function setOracle(address oracle_) external onlyRole(DEFAULT_ADMIN_ROLE)",
            ),
        ),
        "6",
    ),
    Mistake(
        "whitelisted-is-anyone",
        (
            (
                "PayFlowCore.sol",
                "if (!IFraudOracle(_oracle).isWhitelisted(payment.sender)) revert VerdictMissing(id);",
                "",
            ),
        ),
        "3",
    ),
    Mistake(
        "analysis-by-one-of-several",
        (
            (
                "FraudOracle.sol",
                "    function _requireOneSigner() private view {\n        uint256 required = _config.quorum;\n        if (required > 1)",
                "    function _requireOneSigner() private view {\n        uint256 required = _config.quorum;\n        if (required > 3)",
            ),
        ),
        "3",
    ),
    Mistake(
        "revoked-intent",
        (
            (
                "PayFlowCore.sol",
                "revert IntentExpired(deadline, block.timestamp);\n        _requireUnused(payment);",
                "revert IntentExpired(deadline, block.timestamp);",
            ),
        ),
        "6",
    ),
    Mistake(
        "instant-authorisation-unbound",
        (
            (
                "PayFlowCore.sol",
                "        id = _recordInstant(payment, reports);\n        _receiveByAuthorization(id, payment,",
                "        id = _recordInstant(payment, reports);\n        _receiveByAuthorization(_idOf(payment), payment,",
            ),
        ),
        "3",
    ),
)


def main(names: list[str]) -> int:
    """Returns 1 where a mistake was not found, or could not be seeded."""
    chosen = [one for one in MISTAKES if not names or one.name in names]
    if unknown := set(names) - {one.name for one in MISTAKES}:
        print(f"no such mistake: {', '.join(sorted(unknown))}; known: {', '.join(one.name for one in MISTAKES)}")
        return 1
    missed = [one.name for one in chosen if not found(one)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} seeded mistakes were found")
    if missed:
        print(f"not found: {', '.join(missed)}")
    return 1 if missed else 0


def found(mistake: Mistake) -> bool:
    """Whether the invariant tests fail on it, for the promise that it breaks."""
    folder = WORK / mistake.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in ("contracts", "tests/forge"):
        shutil.copytree(ROOT / part, folder / part)
    for part in ("node_modules", ".toolchain"):
        (folder / part).symlink_to(ROOT / part)
    shutil.copy(ROOT / "foundry.toml", folder)
    for file, text, instead in mistake.patches:
        path = folder / "contracts" / file
        source = path.read_text()
        if source.count(text) != 1:
            print(f"{mistake.name}: {file} holds {text!r} {source.count(text)} times, not once: write the mistake anew")
            return False
        path.write_text(source.replace(text, instead))
    done = subprocess.run(
        ["forge", "test", "--match-contract", "PromisesTest"],
        cwd=folder,
        env=os.environ | LIMITS,
        capture_output=True,
        text=True,
        check=False,
    )
    broken = sorted(set(re.findall(r"^ invariant_(\d)_", done.stdout, re.MULTILINE)))
    right = bool(set(broken) & set(mistake.breaks))
    failed = re.findall(r"^\[FAIL.*setUp\(\).*$", done.stdout, re.MULTILINE)
    told = f"promise {', '.join(broken)}" if broken else done.stderr.strip()[-500:] or " ".join(failed) or "nothing"
    print(f"  {mistake.name:28} {'found' if right else 'MISSED'}: {told}", flush=True)
    shutil.rmtree(folder)
    return right


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
