// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskReport} from "./Types.sol";

/// @title EIP-712 struct hashes of reports and of batches of reports
library RiskReports {
    /// @notice Type hash of a single report.
    bytes32 internal constant REPORT_TYPEHASH = keccak256(
        "RiskReport(bytes32 paymentId,uint8 overallScore,uint8 velocityScore,uint8 amountScore,uint8 patternScore,uint8 graphScore,uint8 timingScore,uint32 alerts,bytes32 modelVersion,bytes32 evidenceHash,uint64 issuedAt,uint64 expiresAt)"
    );
    /// @notice Type hash of a batch.
    bytes32 internal constant BATCH_TYPEHASH = keccak256(
        "RiskReportBatch(RiskReport[] reports)RiskReport(bytes32 paymentId,uint8 overallScore,uint8 velocityScore,uint8 amountScore,uint8 patternScore,uint8 graphScore,uint8 timingScore,uint32 alerts,bytes32 modelVersion,bytes32 evidenceHash,uint64 issuedAt,uint64 expiresAt)"
    );

    /// @notice Struct hash of one report.
    function hash(RiskReport calldata report) internal pure returns (bytes32) {
        return keccak256(abi.encode(REPORT_TYPEHASH, report));
    }

    /// @notice Struct hash of a batch.
    function hash(RiskReport[] calldata reports) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](reports.length);
        for (uint256 i = 0; i < reports.length; ++i) {
            hashes[i] = hash(reports[i]);
        }
        return keccak256(abi.encode(BATCH_TYPEHASH, keccak256(abi.encodePacked(hashes))));
    }
}
