// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What serves one core, and says which
interface ICoreBound {
    /// @notice The core that this contract serves.
    function core() external view returns (address);
}
