// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Votes in ascending order of their scores, and the one in the middle
/// @dev A vote is a word: the score above, the position of its report below. There are at most 15 of them.
library Votes {
    /// @notice Insert `weight` votes of `score` by the report at `index` into the `count` sorted ones.
    /// @return The new count.
    function cast(uint256[] memory votes, uint256 count, uint256 weight, uint8 score, uint256 index)
        internal
        pure
        returns (uint256)
    {
        uint256 vote = (uint256(score) << 128) | index;
        for (uint256 w = 0; w < weight; ++w) {
            uint256 place = count++;
            while (place > 0 && votes[place - 1] > vote) {
                votes[place] = votes[place - 1];
                --place;
            }
            votes[place] = vote;
        }
        return count;
    }

    /// @notice Which report holds the median of `count` votes: the higher middle one where their number is even.
    function median(uint256[] memory votes, uint256 count) internal pure returns (uint256 index) {
        return votes[count / 2] & type(uint128).max;
    }
}
