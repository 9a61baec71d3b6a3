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
    function recover(bytes calldata signatures, uint256 index, uint256 size, bytes32 digest)
        internal
        pure
        returns (address signer)
    {
        uint256 start = index * size;
        bytes32 r = bytes32(signatures[start:start + 32]);
        bytes32 s = bytes32(signatures[start + 32:start + 64]);
        uint8 v;
        if (size == 65) {
            v = uint8(signatures[start + 64]);
        } else {
            v = uint8(uint256(s) >> 255) + 27;
            s = bytes32(uint256(s) & (type(uint256).max >> 1));
        }
        if (uint256(s) > HALF_ORDER) revert MalleableSignature(s);
        signer = ecrecover(digest, v, r, s);
        if (signer == address(0)) revert InvalidSignature(digest);
    }
}
