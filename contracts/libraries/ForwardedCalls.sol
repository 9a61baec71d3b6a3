// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFraudOracle} from "../interfaces/IFraudOracle.sol";
import {Payment, SignedBatch, SignedReport, Verdict} from "./Types.sol";

/// @title Calls that pass on what came in calldata as it came, instead of decoding it and encoding it again
/// @dev Reports are the last array among the arguments of the functions that take them. Offsets inside of ABI-encoded
/// data are relative to the array that they belong to, so that everything from the array's length word to the end of
/// calldata is a valid encoding of the same array in another call. It is the oracle that decodes it.
library ForwardedCalls {
    /// @notice The oracle answered with what is no verdict.
    error MalformedVerdict(address oracle);

    uint256 private constant VERDICT_SIZE = 160;
    uint256 private constant PAYMENT_SIZE = 160;

    /// @notice IFraudOracle.verifyReports; reverts with the oracle's error.
    /// @param reports Of the calldata of the function that was called.
    function verifyReports(address oracle, bytes32 paymentId, SignedReport[] calldata reports)
        internal
        view
        returns (Verdict memory verdict)
    {
        bytes4 selector = IFraudOracle.verifyReports.selector;
        bool valid;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let tail := sub(reports.offset, 32)
            let size := sub(calldatasize(), tail)
            mstore(free, selector)
            mstore(add(free, 4), paymentId)
            mstore(add(free, 36), 64)
            calldatacopy(add(free, 68), tail, size)
            if iszero(staticcall(gas(), oracle, free, add(68, size), verdict, VERDICT_SIZE)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            valid := eq(returndatasize(), VERDICT_SIZE)
            valid := and(valid, and(lt(mload(verdict), 101), lt(mload(add(verdict, 32)), 5)))
            valid := and(valid, iszero(shr(32, mload(add(verdict, 64)))))
        }
        if (!valid) revert MalformedVerdict(oracle);
    }

    /// @notice IFraudOracle.verifyBatch; reverts with the oracle's error.
    /// @param batches Of the calldata of the function that was called.
    function verifyBatch(address oracle, bytes32[] memory paymentIds, SignedBatch[] calldata batches)
        internal
        view
        returns (Verdict[] memory verdicts)
    {
        bytes4 selector = IFraudOracle.verifyBatch.selector;
        uint256 count = paymentIds.length;
        verdicts = new Verdict[](0);
        bool valid;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let tail := sub(batches.offset, 32)
            let size := sub(calldatasize(), tail)
            let idsSize := shl(5, add(count, 1))
            mstore(free, selector)
            mstore(add(free, 4), 64)
            mstore(add(free, 36), add(64, idsSize))
            mcopy(add(free, 68), paymentIds, idsSize)
            calldatacopy(add(add(free, 68), idsSize), tail, size)
            if iszero(staticcall(gas(), oracle, free, add(add(68, idsSize), size), 0, 64)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            valid := eq(returndatasize(), add(64, mul(count, VERDICT_SIZE)))
            valid := and(valid, and(eq(mload(0), 32), eq(mload(32), count)))
            if valid {
                // an array of pointers, and what they point to behind it
                verdicts := free
                mstore(verdicts, count)
                let item := add(free, idsSize)
                returndatacopy(item, 64, mul(count, VERDICT_SIZE))
                let end := add(item, mul(count, VERDICT_SIZE))
                mstore(0x40, end)
                for { let slot := add(verdicts, 32) } lt(item, end) {
                    item := add(item, VERDICT_SIZE)
                    slot := add(slot, 32)
                } {
                    mstore(slot, item)
                    valid := and(valid, and(lt(mload(item), 101), lt(mload(add(item, 32)), 5)))
                    valid := and(valid, iszero(shr(32, mload(add(item, 64)))))
                }
            }
        }
        if (!valid) revert MalformedVerdict(oracle);
    }

    /// @notice The core's call of its own applyBatchVerdict, with at most `gasLimit`.
    /// @return applied Whether it did not revert.
    /// @return status What it returned.
    /// @return reason What it reverted with, cut at 256 bytes.
    function applyBatchVerdict(
        bytes4 selector,
        uint256 gasLimit,
        bytes32 paymentId,
        Payment calldata payment,
        Verdict memory verdict
    ) internal returns (bool applied, uint256 status, bytes memory reason) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 4), paymentId)
            calldatacopy(add(free, 36), payment, PAYMENT_SIZE)
            mcopy(add(add(free, 36), PAYMENT_SIZE), verdict, VERDICT_SIZE)
            applied := call(gasLimit, address(), 0, free, add(36, add(PAYMENT_SIZE, VERDICT_SIZE)), 0, 32)
            status := mload(0)
            reason := 0x60 // the empty bytes
            if iszero(applied) {
                let size := returndatasize()
                if gt(size, 256) { size := 256 }
                reason := free
                mstore(reason, size)
                returndatacopy(add(reason, 32), 0, size)
                mstore(0x40, add(reason, 288))
            }
        }
    }
}
