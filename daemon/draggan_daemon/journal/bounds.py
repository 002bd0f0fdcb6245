"""What the journal lets go of: sessions that nobody came back to, and what goes beyond its size.

Standard library only. Ages are counted by a clock that cannot be set: a wall clock that jumps while
the daemon runs makes no session older.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from .rows import Row


class Bounds:
    """`max_bytes` for all together; `keep` seconds for a session without its client."""

    def __init__(
        self, *, max_bytes: int, keep: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_bytes, self._keep, self._clock = max_bytes, keep, clock
        self._left: dict[str, float] = {}  # session: when its client left, by `clock`

    def begin(self, rows: Iterable[Row]) -> None:
        """The sessions that are there at the start, by what the wall clock says."""
        now, wall = self._clock(), time.time()
        self._left = {
            row.session: now - max(0.0, wall - row.detached)
            for row in rows
            if row.detached is not None
        }

    def note(self, session: str, row: Row | None) -> None:
        """After each change of a session."""
        if row is None or row.detached is None:
            self._left.pop(session, None)
        else:
            self._left.setdefault(session, self._clock())

    def expired(self) -> list[str]:
        now = self._clock()
        return [session for session, left in self._left.items() if now - left > self._keep]

    def first_to_go(self, rows: Mapping[str, Row], weight: Callable[[Row], int]) -> str | None:
        """One that is too large by itself; else whose client left first; else the largest."""
        largest = max(rows, key=lambda session: weight(rows[session]), default=None)
        if largest is not None and weight(rows[largest]) > self.max_bytes:
            return largest
        if self._left:
            return min(self._left, key=self._left.__getitem__)
        return largest
