"""References for instant payments: counted up per sender, because the core keeps used ones as bits, 256 a word."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

_REMEMBERED = 10_000
_END = 1 << 128


class References:
    """Draws a reference for who brings none. Thread-safe; remembers the last offers of 10,000 senders."""

    def __init__(self) -> None:
        self._offered: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def draw(self, sender: str, last_paid: Callable[[], str | None]) -> str:
        """The next after the last one offered to `sender`, or after the one last paid (0x and 32 hex digits), or a
        random one where there is neither. `last_paid` is asked only where nothing was offered yet."""
        with self._lock:
            previous = self._offered.pop(sender, None)
            if previous is None and (last := last_paid()) is not None:
                previous = int(last, 16)
            drawn = secrets.randbits(128) if previous is None else (previous + 1) % _END
            self._offered[sender] = drawn
            if len(self._offered) > _REMEMBERED:
                self._offered.popitem(last=False)
        return f"0x{drawn:032x}"
