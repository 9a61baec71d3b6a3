// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The terms of a payment. They travel in calldata; the core stores one slot per payment, keyed by their hash.
/// @param sender Who pays, and the only party besides the recipient that the money can ever go to.
/// @param recipient Who is paid when the verdict allows it.
/// @param token ERC-20 token, one that the core accepts.
/// @param amount In the token's base units, at most 2^96 - 1.
/// @param ref The payer's own reference, the size of a UUID; makes otherwise equal payments distinct.
struct Payment {
    address sender;
    address recipient;
    address token;
    uint256 amount;
    bytes16 ref;
}

/// @notice Where a payment stands. Everything from Settled on, but Held and Frozen, is final.
enum PaymentStatus {
    None,
    Pending,
    Settled,
    Held,
    Blocked,
    Rejected,
    Cancelled,
    Frozen,
    Released
}

/// @notice The level of a score: SAFE and LOW approve, MEDIUM approves and flags, HIGH holds, CRITICAL blocks.
enum RiskLevel {
    Safe,
    Low,
    Medium,
    High,
    Critical
}

/// @notice What one oracle node says of one payment; signed as EIP-712 typed data.
/// @param paymentId The payment that the report is about, and no other.
/// @param overallScore 0 to 100; decides the level.
/// @param velocityScore 0 to 100.
/// @param amountScore 0 to 100.
/// @param patternScore 0 to 100.
/// @param graphScore 0 to 100.
/// @param timingScore 0 to 100.
/// @param alerts Bit set of alert types, in the order of the documentation.
/// @param modelVersion Content hash of the model file.
/// @param evidenceHash Commitment to the explanation document.
/// @param issuedAt Unix seconds.
/// @param expiresAt Unix seconds; the last second in which the report is valid.
struct RiskReport {
    bytes32 paymentId;
    uint8 overallScore;
    uint8 velocityScore;
    uint8 amountScore;
    uint8 patternScore;
    uint8 graphScore;
    uint8 timingScore;
    uint32 alerts;
    bytes32 modelVersion;
    bytes32 evidenceHash;
    uint64 issuedAt;
    uint64 expiresAt;
}

/// @notice A report with everyone's signatures on it. Honest nodes agree to the byte, so one of these usually
/// carries the whole quorum; nodes that disagree sign reports of their own.
/// @param report The report.
/// @param signatures One or more signatures in a row, all of 65 bytes (r, s, v) or all of 64 (EIP-2098).
struct SignedReport {
    RiskReport report;
    bytes signatures;
}

/// @notice Reports on several payments under one signature per signer.
/// @param reports One report per payment, in the order of the payments.
/// @param signatures As in SignedReport, over the whole batch.
struct SignedBatch {
    RiskReport[] reports;
    bytes signatures;
}

/// @notice What a quorum says of a payment: the median score, and the report that holds it.
struct Verdict {
    uint8 score;
    RiskLevel level;
    uint32 alerts;
    bytes32 modelVersion;
    bytes32 evidenceHash;
}

/// @notice Highest score of each level; everything above `high` is CRITICAL.
struct RiskThresholds {
    uint8 safe;
    uint8 low;
    uint8 medium;
    uint8 high;
}
