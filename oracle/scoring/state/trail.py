"""Counts and sums over any sliding window, from one list of running totals."""

from bisect import bisect_right


class Trail:
    """Payments of one direction as running totals by time: O(1) amortised to add, O(log n) to ask, bounded memory.

    A window's count is the difference of two running totals, so that one list serves all windows, and asking changes
    nothing. Above `LIMIT` entries every other one of the older half is dropped: its payments then count from the
    time of the next entry kept, so that only the edges of old windows get coarser, never a total.
    """

    __slots__ = ("_counts", "_gone", "_sums", "_times")

    LIMIT = 256

    def __init__(self) -> None:
        self._times: list[int] = []
        self._counts: list[int] = []
        self._sums: list[int] = []
        self._gone = (0, 0)

    def add(self, time: int, amount: int, expire_before: int) -> None:
        """Append a payment not earlier than any before; forget what is not later than `expire_before`."""
        times, counts, sums = self._times, self._counts, self._sums
        count, total = (counts[-1], sums[-1]) if times else self._gone
        if times and times[-1] == time:
            counts[-1], sums[-1] = count + 1, total + amount
            return
        times.append(time)
        counts.append(count + 1)
        sums.append(total + amount)
        if times[0] <= expire_before and (cut := bisect_right(times, expire_before)) * 2 >= len(times):
            # half of the list at once: one move of the rest pays for as many additions
            self._gone = counts[cut - 1], sums[cut - 1]
            del times[:cut], counts[:cut], sums[:cut]
        elif len(times) > self.LIMIT:
            half = self.LIMIT // 2
            del times[:half:2], counts[:half:2], sums[:half:2]

    def since(self, time: int) -> tuple[int, int]:
        """Count and sum of the payments later than `time`."""
        cut = bisect_right(self._times, time)
        if cut == len(self._times):
            return 0, 0
        count, total = (self._counts[cut - 1], self._sums[cut - 1]) if cut else self._gone
        return self._counts[-1] - count, self._sums[-1] - total

    def __len__(self) -> int:
        return len(self._times)
