// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A wallet that is a contract and signs by its owner's key, as smart accounts do (ERC-1271)
contract ContractWallet is IERC1271 {
    /// @notice Whose signatures count as the wallet's.
    address public immutable owner;

    constructor(address owner_, IERC20 token, address spender) {
        owner = owner_;
        token.approve(spender, type(uint256).max);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(digest, signature) == owner ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
