// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IERC3009} from "../interfaces/IERC3009.sol";

/// @title A stablecoin for devnets: 6 decimals, EIP-2612, EIP-3009, and anyone may mint
contract TestStablecoin is ERC20Permit, IERC3009 {
    /// @notice What a payer signs for receiveWithAuthorization.
    bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @notice Whether an authorisation's nonce is used up.
    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    /// @notice Only the payee may bring the authorisation.
    error CallerMustBePayee(address caller, address payee);
    /// @notice Outside of its time.
    error AuthorizationNotValid(uint256 validAfter, uint256 validBefore, uint256 timestamp);
    /// @notice Used before.
    error AuthorizationUsed(address authorizer, bytes32 nonce);
    /// @notice Not signed by the authoriser.
    error InvalidAuthorization(address authorizer);

    /// @notice An authorisation was used.
    event AuthorizationUsedUp(address indexed authorizer, bytes32 indexed nonce);

    constructor() ERC20("PayFlow Test Dollar", "pUSD") ERC20Permit("PayFlow Test Dollar") {}

    /// @notice 6, as the large stablecoins have.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice Make tokens out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        if (msg.sender != to) revert CallerMustBePayee(msg.sender, to);
        if (block.timestamp <= validAfter || block.timestamp >= validBefore) {
            revert AuthorizationNotValid(validAfter, validBefore, block.timestamp);
        }
        if (authorizationState[from][nonce]) revert AuthorizationUsed(from, nonce);
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
            )
        );
        if (!SignatureChecker.isValidSignatureNow(from, digest, signature)) revert InvalidAuthorization(from);
        authorizationState[from][nonce] = true;
        emit AuthorizationUsedUp(from, nonce);
        _transfer(from, to, value);
    }
}
