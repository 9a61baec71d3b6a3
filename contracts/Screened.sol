// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFraudOracle} from "./interfaces/IFraudOracle.sol";

/// @title Screened
/// @notice Gates a function of any contract by what the oracle knows of two wallets.
abstract contract Screened {
    /// @notice The oracle advises against it.
    error ScreeningRefused(address sender, address recipient, uint8 riskScore, string reason);
    /// @notice The oracle must be a contract.
    error InvalidFraudOracle(address oracle);

    /// @notice The oracle that is asked.
    IFraudOracle public immutable fraudOracle;

    constructor(address oracle) {
        if (oracle.code.length == 0) revert InvalidFraudOracle(oracle);
        fraudOracle = IFraudOracle(oracle);
    }

    /// @dev Reverts with the oracle's reason where it does not approve.
    modifier screened(address sender, address recipient, uint256 amount) {
        (bool approved, uint8 riskScore, string memory reason) =
            fraudOracle.shouldApproveTransaction(sender, recipient, amount);
        if (!approved) revert ScreeningRefused(sender, recipient, riskScore, reason);
        _;
    }
}
