// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Screened} from "../Screened.sol";

/// @title A vault of somebody else's, as an integrator would gate it: one modifier on the way out
contract ScreenedVault is Screened {
    using SafeERC20 for IERC20;

    /// @notice What it keeps.
    IERC20 public immutable token;
    /// @notice Deposits.
    mapping(address account => uint256) public deposits;

    /// @notice More than was deposited.
    error NotEnoughDeposited(address account, uint256 deposited, uint256 wanted);

    constructor(address oracle, address token_) Screened(oracle) {
        token = IERC20(token_);
    }

    /// @notice Put tokens in.
    function deposit(uint256 amount) external {
        deposits[msg.sender] += amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Send own tokens to anyone that the oracle does not object to.
    function withdraw(address to, uint256 amount) external screened(msg.sender, to, amount) {
        uint256 deposited = deposits[msg.sender];
        if (deposited < amount) revert NotEnoughDeposited(msg.sender, deposited, amount);
        deposits[msg.sender] = deposited - amount;
        token.safeTransfer(to, amount);
    }
}
