// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Votes} from "../../contracts/libraries/Votes.sol";

/// @title The median of up to five votes, for all scores
contract MedianProof {
    /// @notice With fewer than half of k lying, the median lies between two honest scores, for every k up to 5.
    function check_median_1(uint8 a) public pure {
        assert(_median(_list(a, 0, 0, 0, 0), 1) == a);
    }

    function check_median_2(uint8 a, uint8 b) public pure {
        uint8 found = _median(_list(a, b, 0, 0, 0), 2);
        assert(found == (a > b ? a : b));
    }

    function check_median_3_oneLiar(uint8 liar, uint8 a, uint8 b) public pure {
        uint8 found = _median(_list(liar, a, b, 0, 0), 3);
        assert(found >= _min(a, b) && found <= _max(a, b));
    }

    function check_median_4_oneLiar(uint8 liar, uint8 a, uint8 b, uint8 c) public pure {
        uint8 found = _median(_list(liar, a, b, c, 0), 4);
        assert(found >= _min(_min(a, b), c) && found <= _max(_max(a, b), c));
    }

    function check_median_5_twoLiars(uint8 liar, uint8 other, uint8 a, uint8 b, uint8 c) public pure {
        uint8 found = _median(_list(liar, other, a, b, c), 5);
        assert(found >= _min(_min(a, b), c) && found <= _max(_max(a, b), c));
    }

    /// @notice It is the order statistic, wherever each score stands: for k = 3, 4 (the higher middle one) and 5. That
    /// puts it between two honest scores whenever fewer than half of k lie, whatever their positions.
    function check_median_isTheMiddleOf5(uint8 a, uint8 b, uint8 c, uint8 d, uint8 e) public pure {
        uint8 found = _median(_list(a, b, c, d, e), 5);
        uint256 below = _less(a, found) + _less(b, found) + _less(c, found) + _less(d, found) + _less(e, found);
        uint256 above = _less(found, a) + _less(found, b) + _less(found, c) + _less(found, d) + _less(found, e);
        assert(below <= 2 && above <= 2);
    }

    function check_median_isTheMiddleOf4(uint8 a, uint8 b, uint8 c, uint8 d) public pure {
        uint8 found = _median(_list(a, b, c, d, 0), 4);
        uint256 below = _less(a, found) + _less(b, found) + _less(c, found) + _less(d, found);
        uint256 above = _less(found, a) + _less(found, b) + _less(found, c) + _less(found, d);
        assert(below <= 2 && above <= 1);
    }

    function check_median_isTheMiddle(uint8 a, uint8 b, uint8 c) public pure {
        uint8 found = _median(_list(a, b, c, 0, 0), 3);
        uint256 below = (a < found ? 1 : 0) + (b < found ? 1 : 0) + (c < found ? 1 : 0);
        uint256 above = (a > found ? 1 : 0) + (b > found ? 1 : 0) + (c > found ? 1 : 0);
        assert(below <= 1 && above <= 1);
    }

    /// @notice One report that carries the weight of two is two votes.
    function check_median_weights(uint8 heavy, uint8 light) public pure {
        uint256[] memory votes = new uint256[](3);
        uint256 count = Votes.cast(votes, 0, 1, light, 0);
        count = Votes.cast(votes, count, 2, heavy, 1);
        assert(count == 3);
        uint8 found = Votes.median(votes, count) == 1 ? heavy : light;
        assert(found == heavy);
    }

    function _median(uint8[5] memory scores, uint256 k) private pure returns (uint8) {
        uint256[] memory votes = new uint256[](k);
        uint256 count = 0;
        for (uint256 i = 0; i < k; ++i) {
            count = Votes.cast(votes, count, 1, scores[i], i);
        }
        return scores[Votes.median(votes, count)];
    }

    function _list(uint8 a, uint8 b, uint8 c, uint8 d, uint8 e) private pure returns (uint8[5] memory) {
        return [a, b, c, d, e];
    }

    function _less(uint8 a, uint8 b) private pure returns (uint256) {
        return a < b ? 1 : 0;
    }

    function _min(uint8 a, uint8 b) private pure returns (uint8) {
        return a < b ? a : b;
    }

    function _max(uint8 a, uint8 b) private pure returns (uint8) {
        return a > b ? a : b;
    }
}
