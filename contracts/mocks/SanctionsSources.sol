// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISanctionsList} from "../interfaces/ISanctionsList.sol";

/// @title An external sanctions source for tests, which can also fail in every way
contract TestSanctionsSource is ISanctionsList {
    /// @notice How it answers.
    enum Mood {
        Honest,
        Revert,
        BurnGas,
        Nonsense
    }

    /// @notice Present mood.
    Mood public mood;
    mapping(address account => bool) private _listed;

    /// @notice Change the mood.
    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @notice List an address, or take it off.
    function setListed(address account, bool listed) external {
        _listed[account] = listed;
    }

    /// @inheritdoc ISanctionsList
    function isSanctioned(address account) external view returns (bool) {
        if (mood == Mood.Revert) revert("out of order");
        if (mood == Mood.BurnGas) while (true) {}
        if (mood == Mood.Nonsense) {
            assembly ("memory-safe") {
                mstore(0, 7)
                return(0, 32)
            }
        }
        return _listed[account];
    }
}
