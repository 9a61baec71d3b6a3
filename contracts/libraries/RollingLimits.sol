// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Rolling sums of 24 hours and of 30 days, in one storage slot
/// @dev A window is a ring of buckets: 24 hours are the current bucket of 8 hours and the three before it, 30 days the
/// current bucket of 10 days and the three before it. The oldest bucket counts whole until it ends, so a sum is never
/// below that of the exact window (a limit cannot be exceeded), and may hold what is up to 8 hours or 10 days older.
///
///      bits 0..111    four daily buckets of 28 bits, newest first     (2,684,354.55 units of account each)
///      bits 112..235  four monthly buckets of 31 bits, newest first   (21,474,836.47 units of account each)
///      bits 236..255  index of the newest daily bucket: timestamp / 8 hours
library RollingLimits {
    /// @notice Largest finite limit of 24 hours, in cents.
    uint256 internal constant MAX_DAILY = (1 << 28) - 1;
    /// @notice Largest finite limit of 30 days, in cents.
    uint256 internal constant MAX_MONTHLY = (1 << 31) - 1;

    uint256 private constant DAILY_PERIOD = 8 hours;
    uint256 private constant DAILY_PER_MONTHLY = 30; // 10 days
    uint256 private constant BUCKETS = 4;

    /// @notice Base units as cents, rounded up.
    function toCents(uint256 amount, uint8 decimals) internal pure returns (uint256) {
        if (decimals <= 2) return amount * 10 ** (2 - decimals);
        uint256 unit = 10 ** (decimals - 2);
        return (amount + unit - 1) / unit;
    }

    /// @notice Move the windows to `timestamp` and add `cents`; a bucket that would overflow stays at its maximum.
    /// @return moved The slot's new content.
    /// @return daily Sum of 24 hours, `cents` included in full.
    /// @return monthly Sum of 30 days, `cents` included in full.
    function add(uint256 slot, uint256 timestamp, uint256 cents)
        internal
        pure
        returns (uint256 moved, uint256 daily, uint256 monthly)
    {
        uint256 index = timestamp / DAILY_PERIOD;
        uint256 previous = slot >> 236;
        uint256 days_ = _shift(slot & ((1 << 112) - 1), 28, index - previous);
        uint256 months = _shift(
            (slot >> 112) & ((1 << 124) - 1), 31, index / DAILY_PER_MONTHLY - previous / DAILY_PER_MONTHLY
        );
        daily = _sum(days_, 28) + cents;
        monthly = _sum(months, 31) + cents;
        days_ = _addToNewest(days_, 28, cents);
        months = _addToNewest(months, 31, cents);
        moved = (index << 236) | (months << 112) | days_;
    }

    function _shift(uint256 ring, uint256 width, uint256 periods) private pure returns (uint256) {
        if (periods >= BUCKETS) return 0;
        return (ring << (width * periods)) & ((1 << (width * BUCKETS)) - 1);
    }

    function _sum(uint256 ring, uint256 width) private pure returns (uint256 sum) {
        uint256 mask = (1 << width) - 1;
        for (; ring != 0; ring >>= width) {
            sum += ring & mask;
        }
    }

    function _addToNewest(uint256 ring, uint256 width, uint256 cents) private pure returns (uint256) {
        uint256 mask = (1 << width) - 1;
        uint256 newest = (ring & mask) + cents;
        if (newest > mask) newest = mask;
        return (ring & ~mask) | newest;
    }
}
