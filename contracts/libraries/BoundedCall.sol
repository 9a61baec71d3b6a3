// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Calls whose gas and answer are bounded, whatever the other side does
library BoundedCall {
    /// @notice Ask `target` for one word with at most `gasLimit`.
    /// @return answered Whether it answered, with a word at least.
    /// @return word The first word of its answer; zero where it gave none.
    function ask(address target, uint256 gasLimit, bytes memory data)
        internal
        view
        returns (bool answered, uint256 word)
    {
        assembly ("memory-safe") {
            answered := staticcall(gasLimit, target, add(data, 32), mload(data), 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            word := mul(mload(0), answered)
        }
    }
}
