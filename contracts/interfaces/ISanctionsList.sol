// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Any contract that names sanctioned addresses, in the form that public sanctions oracles use
interface ISanctionsList {
    /// @notice Whether `account` is sanctioned.
    function isSanctioned(address account) external view returns (bool);
}
