"""What has come and waits for a poll: the newest preview wins, all else stays; stdlib only."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, List, Optional

from .errors import LimitExceeded
from .messages import FLEETING, Envelope, Frame

MAX_EVENTS = 4096
MAX_BYTES = 1 << 29


class Inbox:
    """Events in order. Not thread-safe: the client guards it.

    A preview that is replaced before anybody saw it leaves its credit in `owed`, to be given back
    with the one that is drawn: an editor that cannot keep up thereby slows the daemon down.
    """

    def __init__(self) -> None:
        self._events: Deque[Any] = deque()
        self._bytes = 0
        self._owed: Dict[str, int] = {}

    def put(self, event: Any, *, urgent: bool = False) -> None:
        """Appends an event; raises LimitExceeded when nobody has polled for far too long.

        An `urgent` event, which tells of the end, is taken all the same.
        """
        preview = _preview(event)
        if preview:
            self._drop_older(preview)
        self._events.append(event)
        self._bytes += _size(event)
        full = len(self._events) > MAX_EVENTS or self._bytes > MAX_BYTES
        if full and not urgent:
            raise LimitExceeded(
                "The program did not take the daemon's answers for too long.",
                hint="Keep fewer steps, or close dialogs that stop the editor, and try again.",
            )

    def take(self) -> List[Any]:
        """All events, which are gone from here then."""
        events = list(self._events)
        self._events.clear()
        self._bytes = 0
        return events

    def take_one(self) -> Optional[Any]:
        """The oldest event, which is gone from here then, or None."""
        if not self._events:
            return None
        event = self._events.popleft()
        self._bytes -= _size(event)
        return event

    def __bool__(self) -> bool:
        return bool(self._events)

    def owed(self, session: str) -> int:
        """Credits of replaced previews, which are the caller's to return now."""
        return self._owed.pop(session, 0)

    def forget_credit(self) -> None:
        """On a new connection credit starts at zero."""
        self._owed.clear()

    def _drop_older(self, newer: Frame) -> None:
        session = newer.session
        for event in self._events:
            preview = _preview(event)
            if preview and preview.session == session and preview.kind == newer.kind:
                self._events.remove(event)
                self._bytes -= _size(event)
                self._owed[session] = self._owed.get(session, 0) + 1
                return


def _preview(event: Any) -> Any:
    """The preview or likeness that an event carries, or None."""
    frame = event.message if isinstance(event, Envelope) else None
    return frame if isinstance(frame, Frame) and frame.kind in FLEETING else None


def _size(event: Any) -> int:
    frame = event.message if isinstance(event, Envelope) else None
    return frame.image.size if isinstance(frame, Frame) else 0  # decoded, it takes so much
