// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskLevels} from "./RiskLevels.sol";
import {RiskReport} from "./Types.sol";

/// @title Reports as they lie in calldata: their checks and their EIP-712 struct hashes
/// @dev A report is twelve words in calldata and the same twelve words, after the type hash, in the preimage of its hash:
/// they are copied as they are. That is sound because `check` bounds every member as a whole word, so that none has bits
/// that its type does not have.
library RiskReports {
    /// @notice A report on another payment.
    error WrongPayment(bytes32 expected, bytes32 given);
    /// @notice The report was valid until `expiresAt`.
    error ReportExpired(bytes32 paymentId, uint256 expiresAt, uint256 timestamp);
    /// @notice The report claims to be made later than this block (and the tolerated clock difference).
    error ReportFromFuture(bytes32 paymentId, uint256 issuedAt, uint256 timestamp);
    /// @notice The report is valid for longer than allowed, or for a negative time.
    error InvalidReportLifetime(bytes32 paymentId, uint256 issuedAt, uint256 expiresAt, uint256 longest);

    /// @notice More alert bits than there are.
    error InvalidAlerts(bytes32 paymentId, uint256 alerts);

    /// @notice Type hash of a single report.
    bytes32 internal constant REPORT_TYPEHASH = keccak256(
        "RiskReport(bytes32 paymentId,uint8 overallScore,uint8 velocityScore,uint8 amountScore,uint8 patternScore,uint8 graphScore,uint8 timingScore,uint32 alerts,bytes32 modelVersion,bytes32 evidenceHash,uint64 issuedAt,uint64 expiresAt)"
    );
    /// @notice Type hash of a batch.
    bytes32 internal constant BATCH_TYPEHASH = keccak256(
        "RiskReportBatch(RiskReport[] reports)RiskReport(bytes32 paymentId,uint8 overallScore,uint8 velocityScore,uint8 amountScore,uint8 patternScore,uint8 graphScore,uint8 timingScore,uint32 alerts,bytes32 modelVersion,bytes32 evidenceHash,uint64 issuedAt,uint64 expiresAt)"
    );
    /// @notice By how much a report may be issued after the block's timestamp, seconds: clocks differ.
    uint256 internal constant CLOCK_SKEW = 15;

    uint256 private constant REPORT_SIZE = 384;
    /// @dev Where the first of the six scores lies in a report, and where the last.
    uint256 private constant FIRST_SCORE = 32;
    uint256 private constant LAST_SCORE = 192;

    /// @notice Reverts unless the report is about `paymentId`, its scores are at most 100, and it is valid now and for no
    /// longer than `longest` seconds in all.
    function check(RiskReport calldata report, bytes32 paymentId, uint256 longest) internal view {
        if (report.paymentId != paymentId) revert WrongPayment(paymentId, report.paymentId);
        bool wrong;
        uint256 issuedAt;
        uint256 expiresAt;
        assembly ("memory-safe") {
            // whole words, so that bits beyond a member's type are wrong as well
            let at := add(report, 32)
            wrong := or(gt(calldataload(at), 100), gt(calldataload(add(at, 32)), 100))
            wrong := or(wrong, or(gt(calldataload(add(at, 64)), 100), gt(calldataload(add(at, 96)), 100)))
            wrong := or(wrong, or(gt(calldataload(add(at, 128)), 100), gt(calldataload(add(at, 160)), 100)))
            wrong := or(wrong, gt(calldataload(add(at, 192)), 0xffffffff))
            issuedAt := calldataload(add(at, 288))
            expiresAt := calldataload(add(at, 320))
            // in order: issued by now (or a little later), not over, and not valid for too long
            let now_ := timestamp()
            wrong := or(wrong, or(gt(issuedAt, add(now_, CLOCK_SKEW)), lt(expiresAt, now_)))
            wrong := or(wrong, or(lt(expiresAt, issuedAt), gt(sub(expiresAt, issuedAt), longest)))
        }
        if (wrong) _refuse(report, paymentId, issuedAt, expiresAt, longest);
    }

    /// @notice Struct hash of one report that `check` has passed.
    function hash(RiskReport calldata report) internal pure returns (bytes32 digest) {
        bytes32 typeHash = REPORT_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 32), report, REPORT_SIZE)
            digest := keccak256(free, add(REPORT_SIZE, 32))
        }
    }

    /// @notice Struct hash of a batch whose reports `check` has passed.
    function hash(RiskReport[] calldata reports) internal pure returns (bytes32 digest) {
        bytes32 reportType = REPORT_TYPEHASH;
        bytes32 batchType = BATCH_TYPEHASH;
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            let hashes := add(preimage, add(REPORT_SIZE, 32))
            let size := shl(5, reports.length)
            mstore(preimage, reportType)
            let report := reports.offset
            for { let at := hashes } lt(at, add(hashes, size)) { at := add(at, 32) } {
                calldatacopy(add(preimage, 32), report, REPORT_SIZE)
                mstore(at, keccak256(preimage, add(REPORT_SIZE, 32)))
                report := add(report, REPORT_SIZE)
            }
            mstore(preimage, batchType)
            mstore(add(preimage, 32), keccak256(hashes, size))
            digest := keccak256(preimage, 64)
        }
    }

    /// @dev Says what is wrong with a report of which `check` knows that something is.
    function _refuse(
        RiskReport calldata report,
        bytes32 paymentId,
        uint256 issuedAt,
        uint256 expiresAt,
        uint256 longest
    ) private view {
        // whole words here too: the compiler's own reading of a member with bits beyond its type reverts without a word
        for (uint256 place = FIRST_SCORE; place <= LAST_SCORE; place += 32) {
            uint256 score;
            assembly ("memory-safe") {
                score := calldataload(add(report, place))
            }
            if (score > 100) revert RiskLevels.InvalidScore(score);
        }
        uint256 alerts;
        assembly ("memory-safe") {
            alerts := calldataload(add(report, 224))
        }
        if (alerts > type(uint32).max) revert InvalidAlerts(paymentId, alerts);
        if (issuedAt > block.timestamp + CLOCK_SKEW) revert ReportFromFuture(paymentId, issuedAt, block.timestamp);
        if (expiresAt < block.timestamp) revert ReportExpired(paymentId, expiresAt, block.timestamp);
        revert InvalidReportLifetime(paymentId, issuedAt, expiresAt, longest);
    }
}
