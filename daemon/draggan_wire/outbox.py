"""What waits to be sent: small things pass by large ones of other sessions; stdlib only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Optional, Set

from .pace import Pace
from .parts import PART, split
from .pixels import Bytes

Frames = List[Bytes]


@dataclass
class _Waiting:
    frames: Frames
    session: Optional[str]
    size: int  # bytes that have not left
    parts: Optional[Iterator[Frames]] = None  # once it is under way


class Outbox:
    """One client's; not thread-safe. Until `connected` says otherwise nothing is cut in parts."""

    def __init__(self) -> None:
        self._waiting: List[_Waiting] = []
        self._pace: Optional[Pace] = None

    def connected(self, pace: Optional[Pace]) -> None:
        """A new connection: it takes parts at that pace, or none where it is None.

        What has not left yet was meant for the one before.
        """
        self._pace = pace
        self._waiting.clear()

    def put(self, frames: Frames, session: Optional[str] = None) -> None:
        """Appends a message; `session` is the one that it is about."""
        size = sum(memoryview(frame).nbytes for frame in frames[1:])
        self._waiting.append(_Waiting(frames, session, size))

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def message(self) -> Optional[Frames]:
        """The next message that may leave whole; None where there is none.

        It passes by large ones, but never by one of its own session: a stop would come before what
        it is to stop.
        """
        held: Set[str] = set()
        for i, one in enumerate(self._waiting):
            if not self._is_large(one) and one.session not in held:
                del self._waiting[i]
                return one.frames
            if one.session is not None:
                held.add(one.session)
        return None

    def part(self) -> Optional[Frames]:
        """The next part of the first large message; None where there is none."""
        pace = self._pace
        large = next((one for one in self._waiting if self._is_large(one)), None)
        if large is None or pace is None:
            return None
        if large.parts is None:
            large.parts = split(large.frames, piece=lambda: pace.piece)
        part = next(large.parts)
        large.size -= memoryview(part[2]).nbytes
        if not large.size:
            self._waiting.remove(large)
        return part

    def _is_large(self, one: _Waiting) -> bool:
        return one.parts is not None or (self._pace is not None and one.size > PART)
