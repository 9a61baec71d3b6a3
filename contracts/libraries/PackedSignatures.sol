// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Signatures in a row: all 65 bytes long (r, s, v) or all 64 (EIP-2098)
/// @dev Up to 63 signatures the length alone tells the form: 64 * 65 is the first length that both forms share.
library PackedSignatures {
    /// @notice The length is no multiple of 64 or 65, or zero, or beyond 63 signatures.
    error MalformedSignatures(uint256 length);
    /// @notice `s` is in the upper half of the curve order: the signature could have been changed on its way.
    error MalleableSignature(bytes32 s);
    /// @notice No key can have made this signature on this digest.
    error InvalidSignature(bytes32 digest);

    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice How many signatures `signatures` holds, and how long each is.
    function measure(bytes calldata signatures) internal pure returns (uint256 count, uint256 size) {
        uint256 length = signatures.length;
        if (length == 0 || length > 63 * 65) revert MalformedSignatures(length);
        if (length % 65 == 0) return (length / 65, 65);
        if (length % 64 == 0) return (length / 64, 64);
        revert MalformedSignatures(length);
    }

    /// @notice Who made the signature at `index` on `digest`.
    /// @dev `index` is below the count, and `size` the size, that `measure` gave for the same signatures.
    function recover(bytes calldata signatures, uint256 index, uint256 size, bytes32 digest)
        internal
        view
        returns (address signer)
    {
        bytes32 s;
        assembly ("memory-safe") {
            let at := add(signatures.offset, mul(index, size))
            s := calldataload(add(at, 32))
            let v
            switch size
            case 65 { v := byte(0, calldataload(add(at, 64))) }
            default {
                v := add(27, shr(255, s))
                s := shr(1, shl(1, s))
            }
            let free := mload(0x40)
            mstore(free, digest)
            mstore(add(free, 32), v)
            mstore(add(free, 64), calldataload(at))
            mstore(add(free, 96), s)
            mstore(0, 0)
            pop(staticcall(gas(), 1, free, 128, 0, 32))
            // the precompile answers nothing, not zero, for what is no signature
            signer := mul(mload(0), eq(returndatasize(), 32))
        }
        if (uint256(s) > HALF_ORDER) revert MalleableSignature(s);
        if (signer == address(0)) revert InvalidSignature(digest);
    }
}
