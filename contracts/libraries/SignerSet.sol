// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The signers' addresses as the code of a contract: all of them are read for the price of one account access
/// @dev The code is a STOP, so that a call of it does nothing, and then 20 bytes an address. A mapping costs 2,100 gas for
/// every signer of a quorum; this costs 2,600 for all of them, and nothing for a single one.
library SignerSet {
    /// @notice The contract with the addresses of so many signers could not be made: too little gas for its code.
    error SignerSetNotStored(uint256 signers);

    uint256 private constant ADDRESS_SIZE = 20;

    /// @notice Store `signers` as code; of a single one the address itself is the pointer.
    function store(address[] memory signers) internal returns (address pointer) {
        if (signers.length == 1) return signers[0];
        bytes memory code = hex"00";
        for (uint256 i = 0; i < signers.length; ++i) {
            code = abi.encodePacked(code, signers[i]);
        }
        // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE (0), CODECOPY, RETURNDATASIZE (0), RETURN
        bytes memory creation = abi.encodePacked(hex"61", uint16(code.length), hex"80600a3d393df3", code);
        assembly ("memory-safe") {
            pointer := create(0, add(creation, 32), mload(creation))
        }
        if (pointer == address(0)) revert SignerSetNotStored(signers.length);
    }

    /// @notice Read the addresses that `store` wrote, 20 bytes each.
    /// @param count How many there are.
    function load(address pointer, uint256 count) internal view returns (bytes memory signers) {
        if (count == 1) return abi.encodePacked(pointer);
        signers = new bytes(count * ADDRESS_SIZE);
        assembly ("memory-safe") {
            extcodecopy(pointer, add(signers, 32), 1, mload(signers))
        }
    }

    /// @notice Position of `signer` plus one, zero where it is none of them.
    function seatOf(bytes memory signers, address signer) internal pure returns (uint256 seat) {
        assembly ("memory-safe") {
            let start := add(signers, 32)
            let end := add(start, mload(signers))
            for { let at := start } lt(at, end) { at := add(at, ADDRESS_SIZE) } {
                if eq(shr(96, mload(at)), signer) {
                    seat := add(div(sub(at, start), ADDRESS_SIZE), 1)
                    break
                }
            }
        }
    }
}
