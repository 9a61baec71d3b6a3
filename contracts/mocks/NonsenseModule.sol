// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICoreBound} from "../interfaces/ICoreBound.sol";

/// @title An oracle or engine for tests: serves its core, and answers every question with the same bytes or not at all
contract NonsenseModule is ICoreBound {
    /// @inheritdoc ICoreBound
    address public core;
    /// @notice What it answers.
    bytes public answer;
    /// @notice Whether it reverts instead.
    bool public broken;

    /// @notice The module does not answer.
    error OutOfOrder();

    constructor(address core_) {
        core = core_;
    }

    /// @notice Set the answer.
    function setAnswer(bytes calldata answer_) external {
        answer = answer_;
    }

    /// @notice Set whether it reverts.
    function setBroken(bool broken_) external {
        broken = broken_;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        if (broken) revert OutOfOrder();
        return answer;
    }
}
