// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Calls whose gas and answer are bounded, whatever the other side does
library BoundedCall {
    /// @notice Most bytes of an answer that are kept.
    uint256 internal constant MAX_ANSWER = 256;

    /// @notice Call `target` with at most `gasLimit`; keep at most MAX_ANSWER bytes of what it returns.
    function call(address target, uint256 gasLimit, bytes memory data)
        internal
        returns (bool success, bytes memory answer)
    {
        answer = new bytes(MAX_ANSWER);
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, add(data, 32), mload(data), add(answer, 32), MAX_ANSWER)
            if lt(returndatasize(), MAX_ANSWER) { mstore(answer, returndatasize()) }
        }
    }

    /// @notice Ask `target` for one word with at most `gasLimit`.
    /// @return answered Whether it answered, with a word at least.
    function ask(address target, uint256 gasLimit, bytes memory data)
        internal
        view
        returns (bool answered, uint256 word)
    {
        assembly ("memory-safe") {
            answered := staticcall(gasLimit, target, add(data, 32), mload(data), 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            word := mload(0)
        }
    }
}
