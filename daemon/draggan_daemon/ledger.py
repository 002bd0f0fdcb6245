"""What the worker says, on its way through the journal to the clients; no sockets.

Nothing is told to anybody before what it speaks of is kept: an event waits for the record that came
with it or before it. Without a journal nothing waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .worker import Event

if TYPE_CHECKING:
    from .journal import Journal


class Ledger:
    """Events in the order in which they came."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._held: deque[tuple[int, Event]] = deque()
        self._ticket = 0  # of the latest write

    def hold(self, ticket: int) -> None:
        """What comes from now on waits for this write, too."""
        self._ticket = max(self._ticket, ticket)

    def take(self, event: Event) -> None:
        """Writes the event's record, and lets the event wait for it."""
        if self._journal is not None and event.record is not None:
            self.hold(self._journal.record(event.session, event.record))
        self._held.append((self._ticket, event))

    def __bool__(self) -> bool:
        return bool(self._held)

    def ready(self) -> Iterator[Event]:
        """The events that may be told now."""
        while self._held and self._may(self._held[0][0]):
            yield self._held.popleft()[1]

    def _may(self, ticket: int) -> bool:
        return self._journal is None or ticket <= self._journal.committed
