// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The cheatcodes of halmos that the proofs use
interface Svm {
    function createCalldata(string memory contractName) external pure returns (bytes memory data);
    function createAddress(string memory name) external pure returns (address);
    function createUint256(string memory name) external pure returns (uint256);
    function createBytes32(string memory name) external pure returns (bytes32);
}

/// @dev Where halmos answers them.
Svm constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

/// @title The cheatcodes of forge that halmos answers too
interface ProofVm {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function store(address target, bytes32 slot, bytes32 value) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
}

/// @dev Where they are answered.
ProofVm constant pvm = ProofVm(address(uint160(uint256(keccak256("hevm cheat code")))));
