// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The part of EIP-3009 that the core uses, with the signature in one piece as USDC has it since version 2.2
interface IERC3009 {
    /// @notice Take `value` from `from` by their signed authorisation; `to` must be the caller.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
