// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Rolling sums of 24 hours and of 30 days, in one storage slot
/// @dev A window is a ring of buckets: 24 hours are the current bucket of 8 hours and the three before it, 30 days the
/// current bucket of 10 days and the three before it. The oldest bucket counts whole until it ends, so a sum is never
/// below that of the exact window (a limit cannot be exceeded), and may hold what is up to 8 hours or 10 days older.
///
///      bits 0..111    four daily buckets of 28 bits, newest first     (2,684,354.55 units of account each)
///      bits 112..235  four monthly buckets of 31 bits, newest first   (21,474,836.47 units of account each)
///      bits 236..251  index of the newest daily bucket
///      bits 252..255  the caller's: kept as they are
library RollingLimits {
    /// @notice Largest finite limit of 24 hours, in cents.
    uint256 internal constant MAX_DAILY = (1 << 28) - 1;
    /// @notice Largest finite limit of 30 days, in cents.
    uint256 internal constant MAX_MONTHLY = (1 << 31) - 1;
    /// @notice Most decimals of a token, beyond which amounts in cents would not fit.
    uint256 internal constant MOST_DECIMALS = 24;
    /// @notice Length of a daily bucket, seconds. An index counts these from an epoch of the caller's; 2^16 of them are
    /// 59.8 years, after which the windows start anew, empty.
    uint256 internal constant PERIOD = 8 hours;

    uint256 private constant PERIODS_PER_MONTHLY = 30; // 10 days
    uint256 private constant BUCKETS = 4;
    uint256 private constant DAILY_RING = (1 << 112) - 1;
    uint256 private constant MONTHLY_RING = (1 << 124) - 1;
    uint256 private constant INDEX_MASK = (1 << 16) - 1;
    uint256 private constant CALLERS = 0xf << 252;

    /// @notice Base units as cents, rounded up.
    /// @param amount At most 2^96 - 1.
    /// @param decimals At most 24.
    function toCents(uint256 amount, uint8 decimals) internal pure returns (uint256) {
        unchecked {
            if (decimals <= 2) return amount * 10 ** (2 - decimals);
            uint256 unit = 10 ** (decimals - 2);
            return (amount + unit - 1) / unit;
        }
    }

    /// @notice Move the windows to the bucket `index` and add `cents`; a bucket that would overflow stays at its maximum.
    /// @param cents Less than 2^128.
    /// @return moved The slot's new content.
    /// @return daily Sum of 24 hours, `cents` included in full.
    /// @return monthly Sum of 30 days, `cents` included in full.
    function add(uint256 slot, uint256 index, uint256 cents)
        internal
        pure
        returns (uint256 moved, uint256 daily, uint256 monthly)
    {
        unchecked {
            uint256 ring = slot & DAILY_RING;
            uint256 months = (slot >> 112) & MONTHLY_RING;
            uint256 previous = (slot >> 236) & INDEX_MASK;
            index &= INDEX_MASK;
            if (index != previous) {
                ring = _shift(ring, 28, DAILY_RING, index - previous);
                months = _shift(
                    months, 31, MONTHLY_RING, index / PERIODS_PER_MONTHLY - previous / PERIODS_PER_MONTHLY
                );
            }
            daily = cents + (ring & MAX_DAILY) + ((ring >> 28) & MAX_DAILY) + ((ring >> 56) & MAX_DAILY) + (ring >> 84);
            monthly = cents + (months & MAX_MONTHLY) + ((months >> 31) & MAX_MONTHLY) + ((months >> 62) & MAX_MONTHLY)
                + (months >> 93);
            moved = (slot & CALLERS) | (index << 236) | (_addToNewest(months, MAX_MONTHLY, cents) << 112)
                | _addToNewest(ring, MAX_DAILY, cents);
        }
    }

    /// @dev An index before the previous one wraps around to a large number of periods: everything is over then.
    function _shift(uint256 ring, uint256 width, uint256 mask, uint256 periods) private pure returns (uint256) {
        unchecked {
            if (periods >= BUCKETS) return 0;
            return (ring << (width * periods)) & mask;
        }
    }

    function _addToNewest(uint256 ring, uint256 mask, uint256 cents) private pure returns (uint256) {
        unchecked {
            uint256 newest = (ring & mask) + cents;
            if (newest > mask) newest = mask;
            return (ring & ~mask) | newest;
        }
    }
}
