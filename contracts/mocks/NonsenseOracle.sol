// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title An oracle for tests that answers every question with the same bytes
contract NonsenseOracle {
    /// @notice What it answers.
    bytes public answer;

    /// @notice Set the answer.
    function setAnswer(bytes calldata answer_) external {
        answer = answer_;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return answer;
    }
}
