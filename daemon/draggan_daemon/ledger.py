"""What the worker says, on its way through the journal to the clients; no sockets.

Nothing is told to anybody before what it speaks of is kept: a session's event waits for the record
that came with it or before it. Without a journal nothing waits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from draggan_wire.messages import Drag, Open, encode

from .journal.values import Kept
from .sessions import Session
from .worker import Event

if TYPE_CHECKING:
    from .journal import Journal


@dataclass
class _Page:
    """One session's latest write, and what it has to say."""

    ticket: int = 0
    held: deque[tuple[int, Event]] = field(default_factory=deque)


class Ledger:
    """Each session's events, in the order in which they came."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._pages: dict[str, _Page] = {}

    def hold(self, session: str, ticket: int) -> None:
        """What comes of the session from now on waits for this write, too."""
        self._pages.setdefault(session, _Page()).ticket = ticket

    def opened(self, session: Session, request: Open, re: int | None) -> None:
        """A session begins."""
        if self._journal is not None:
            kept = _kept(session, time.time())
            self.hold(session.id, self._journal.opening(kept, encode(request, request=re)[1:]))

    def set_out(self, session: Session, request: Drag, re: int | None) -> None:
        """A drag begins at the session's present step."""
        if self._journal is not None:
            frames = encode(request, request=re)[1:]
            ticket = self._journal.dragging(session.id, frames, re, session.step)
            self.hold(session.id, ticket)

    def take(self, event: Event) -> None:
        """Writes the event's record, and lets the event wait for it."""
        if self._journal is not None and event.record is not None:
            self.hold(event.session, self._journal.record(event.session, event.record))
        page = self._pages.setdefault(event.session, _Page())
        page.held.append((page.ticket, event))

    def __bool__(self) -> bool:
        return any(page.held for page in self._pages.values())

    def ready(self) -> Iterator[Event]:
        """The events that may be told now."""
        for page in list(self._pages.values()):
            while page.held and self.kept(page.held[0][0]):
                yield page.held.popleft()[1]

    def holds(self, sessions: Collection[str]) -> bool:
        """Whether any of them has something to say that is not kept yet."""
        return any(self._pages[name].held for name in sessions if name in self._pages)

    def forget(self, session: str) -> int:
        """The session is gone, with all that it had still to say; the ticket of that write."""
        self._pages.pop(session, None)
        return 0 if self._journal is None else self._journal.remove(session)

    def kept(self, ticket: int) -> bool:
        """Whether what has that ticket may be spoken of."""
        return not ticket or self._journal is None or self._journal.done(ticket)


def _kept(session: Session, moment: float) -> Kept:
    """How the journal knows a session from its beginning, which was at that unix time."""
    width, height = session.size
    return Kept(
        session.id,
        session.token,
        session.principal,
        session.model,
        created=moment,
        state="opening",
        detached=None,
        width=width,
        height=height,
    )
