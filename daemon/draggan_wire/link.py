"""How good the way to the daemon is: round trip, bandwidth, and credit that fits; stdlib only.

Round trips come from protocol pings, a few at first and one now and then. Bandwidth comes from what
the daemon sends anyway: how long the rest of a large message took after its first piece.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import Deque, Dict, Optional

from .messages import MAX_CREDIT, Link

PING_EVERY = 5.0  # seconds, after the first FIRST_PINGS that follow each other directly
FIRST_PINGS = 3
REMEMBERED = 8  # measurements
FRAMES_PER_SECOND = 30  # that the credit is to allow for
FASTEST = 1e9  # bytes per second: beyond that all links are the same
NEWS_EVERY = 1.0  # seconds, at most
NEWS = 0.3  # a change by this part is worth telling
SAME = 1.0  # ms: round trips that differ by less are the same


class LinkMeter:
    """Measures one connection after the other; times are seconds of a clock that never goes back.

    `round_trip` is the shortest of the last measured ones in seconds, None before the first;
    `bytes_per_second` is None as long as nothing large has come; it is the middle of several, as an
    editor that is busy makes some look slow and others fast.
    """

    def __init__(self) -> None:
        self.round_trip: Optional[float] = None
        self.bytes_per_second: Optional[float] = None
        self._trips: Deque[float] = deque(maxlen=REMEMBERED)
        self._rates: Deque[float] = deque(maxlen=REMEMBERED)
        self._sizes: Deque[int] = deque(maxlen=REMEMBERED)
        self._pings: Dict[int, float] = {}
        self._next_ping: Optional[float] = None
        self._told: Optional[Link] = None
        self._next_news = 0.0

    def connected(self, now: float, *, wanted: bool) -> None:
        """A new connection; what was known stays until it is measured again. `wanted`: at all."""
        self._trips.clear()
        self._rates.clear()
        self._sizes.clear()
        self._pings.clear()
        self._told, self._next_news = None, now
        self._next_ping = now if wanted else None

    @property
    def credit(self) -> int:
        """Previews that may be under way: one being drawn, and what the way there and back holds.

        The least for a way that is not known. More than keeps the way busy would only wait on it,
        and a stop behind it.
        """
        wanted = math.ceil((self.round_trip or 0.0) * self._frames_per_second()) + 1
        return min(max(wanted, 2), MAX_CREDIT)

    def wait(self, now: float) -> Optional[float]:
        """Seconds until the next ping; None while no ping is wanted."""
        return None if self._next_ping is None else max(0.0, self._next_ping - now)

    def pinged(self, number: int, now: float) -> None:
        """A ping has been sent with this request number."""
        self._pings[number] = now
        self._next_ping = now + PING_EVERY

    def pong(self, number: Optional[int], now: float) -> bool:
        """Takes an answer in; False where it answers none of the meter's pings."""
        sent = self._pings.pop(number, None) if number is not None else None
        if sent is None:
            return False
        self._trips.append(now - sent)
        self.round_trip = min(self._trips)
        if len(self._trips) < FIRST_PINGS:
            self._next_ping = now
        return True

    def transferred(self, size: int, seconds: float) -> None:
        """`size` bytes have come within `seconds`, with nothing but the way to wait for."""
        self._rates.append(min(size / seconds, FASTEST) if seconds > 0 else FASTEST)
        self.bytes_per_second = median(self._rates)

    def preview(self, size: int) -> None:
        """A preview has come, of so many bytes."""
        self._sizes.append(size)

    def news(self, now: float) -> Optional[Link]:
        """What the daemon is to be told, if it has changed enough."""
        if self.round_trip is None or len(self._trips) < FIRST_PINGS or now < self._next_news:
            return None
        found = Link(1000 * min(self.round_trip, 60.0), self.bytes_per_second)
        if self._told is not None and _same(self._told, found):
            return None
        self._told, self._next_news = found, now + NEWS_EVERY
        return found

    def _frames_per_second(self) -> float:
        """What the way carries of previews such as the latest, FRAMES_PER_SECOND at most."""
        if self.bytes_per_second is None or not self._sizes:
            return FRAMES_PER_SECOND
        return min(FRAMES_PER_SECOND, self.bytes_per_second / median(self._sizes))


def _same(old: Link, new: Link) -> bool:
    difference = abs(old.round_trip_ms - new.round_trip_ms)
    if difference > max(SAME, NEWS * old.round_trip_ms):
        return False
    before, after = old.bytes_per_second, new.bytes_per_second
    if before is None or after is None:
        return before is after
    return abs(before - after) <= NEWS * before
