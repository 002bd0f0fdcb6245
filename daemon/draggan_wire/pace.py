"""How an upload is paced, so that what is urgent never waits long behind it; stdlib only.

Between us and the daemon there may be an ssh or a relay that swallows megabytes at once, and what
is sent after them stands in their queue. So each piece is followed by a ping, and the pongs tell
what has really arrived: no more is under way than the way itself holds, and pieces are so small
that each of them takes a moment only.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from statistics import median
from typing import Deque, Optional, Tuple

from .parts import PART

MOMENT = 0.1  # seconds that a piece may take
SMALLEST, FIRST = 1 << 14, 1 << 16  # bytes
MOST = 4 * PART  # bytes under way
FASTEST = 1e-4  # seconds: no piece counts as having taken less
LATE = 0.5  # seconds: then the pongs stand behind something large, and another piece may leave
REMEMBERED = 5  # pieces


class Pace:
    """Of one connection. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._rate: Optional[float] = None  # bytes per second
        self._rates: Deque[float] = deque(maxlen=REMEMBERED)
        self._under_way: OrderedDict[int, Tuple[int, float, bool]] = OrderedDict()
        self._bytes = 0
        self._left = self._arrived = 0.0  # when a piece has left and arrived last

    @property
    def piece(self) -> int:
        """Bytes that the next piece should have."""
        if self._rate is None:
            return FIRST
        return int(min(max(self._rate * MOMENT, SMALLEST), PART))

    def allows(self, now: float, round_trip: float) -> bool:
        """Whether another piece may leave, on a way of `round_trip` seconds there and back."""
        room = min((self._rate or 0.0) * round_trip, MOST)
        return self._bytes <= room + self.piece / 2 or now - self._left >= LATE

    def sent(self, ping: int, size: int, now: float) -> None:
        """A piece of `size` bytes has left, with a ping behind it."""
        self._under_way[ping] = (size, now, not self._under_way)
        self._bytes += size
        self._left = now

    def arrived(self, ping: Optional[int], now: float, round_trip: float) -> bool:
        """Takes the pong behind a piece in; False for other pongs."""
        found = self._under_way.pop(ping, None) if ping is not None else None
        if found is None:
            return False
        size, left, alone = found
        took = now - left - round_trip if alone else now - max(left, self._arrived)
        self._rates.append(size / max(took, FASTEST))
        self._rate = median(self._rates)
        self._bytes -= size
        self._arrived = now
        return True
