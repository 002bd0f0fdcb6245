"""One client for several edits: each hears what concerns it, nothing else; stdlib only.

exchange = Exchange(client)
edit = Edit(exchange.line(), canvas)
...                                     # from a timer, every 30 ms or so:
for event in exchange.poll(): ...       # for whoever shows the state of the connection
edit.poll()
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from typing import Deque, Dict, List, Optional, Protocol

from .client import Connected, Event
from .errors import WireError
from .messages import Close, Closed, Envelope, Frame, Message, Opened, Welcome

REMEMBERED = 4096  # requests whose answers still find their line


class Channel(Protocol):
    """What an edit needs of a client; `Client` and `Line` both are one."""

    @property
    def welcome(self) -> Optional[Welcome]:
        """The daemon's welcome while connected, else None."""

    @property
    def credit(self) -> int:
        """Previews that a session should have under way."""

    def send(self, message: Message) -> int:
        """Sends soon and returns the request's number; raises WireError."""

    def drawn(self, frame: Frame) -> None:
        """Tells the daemon that a preview is on screen, so that the next may come."""

    def poll(self) -> List[Event]:
        """What has happened since the last poll."""


class Exchange:
    """Hands a client's events to the lines concerned. To be used by one thread."""

    def __init__(self, client: Channel) -> None:
        self._client = client
        self._lines: List[Line] = []
        self._asked: OrderedDict[int, Line] = OrderedDict()  # request -> who sent it
        self._sessions: Dict[str, Line] = {}
        self._trouble: Optional[Event] = None  # why there is no connection; said only once

    def line(self) -> Line:
        """A new line, for one edit; to be closed when the edit is over."""
        line = Line(self, self._client)
        self._lines.append(line)
        if self._trouble is not None:
            line.hear(self._trouble)
        return line

    def poll(self) -> List[Event]:
        """What has happened since the last poll; every line has been handed its part."""
        events = self._client.poll()
        for event in events:
            if isinstance(event, Envelope):
                self._hand_over(event)
                continue
            self._trouble = None if isinstance(event, Connected) else event
            for line in self._lines:
                line.hear(event)
        return events

    def sent(self, number: int, line: Line) -> None:
        """A line has sent a request: its answers belong to it."""
        self._asked[number] = line
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    def drop(self, line: Line) -> None:
        """A line is closed."""
        self._lines = [other for other in self._lines if other is not line]
        self._sessions = {s: other for s, other in self._sessions.items() if other is not line}

    def _hand_over(self, event: Envelope) -> None:
        message, session = event.message, getattr(event.message, "session", None) or ""
        line = self._asked.get(event.re) if event.re is not None else None
        line = line or self._sessions.get(session)
        if line is None:
            return
        if line in self._lines:
            self._follow(line, message)
            line.hear(event)
        elif isinstance(message, Opened):  # nobody waits for it any more
            with contextlib.suppress(WireError):
                self._client.send(Close(session=message.session))

    def _follow(self, line: Line, message: Message) -> None:
        if isinstance(message, Opened):
            self._sessions[message.session] = line
        elif isinstance(message, Closed):
            self._sessions.pop(message.session, None)


class Line:
    """One edit's part of an exchange: a `Channel`. It hears of the connection, of what it asked for
    and of its sessions."""

    def __init__(self, exchange: Exchange, client: Channel) -> None:
        self._exchange = exchange
        self._client = client
        self._events: Deque[Event] = deque()

    @property
    def welcome(self) -> Optional[Welcome]:
        return self._client.welcome

    @property
    def credit(self) -> int:
        return self._client.credit

    def send(self, message: Message) -> int:
        number = self._client.send(message)
        self._exchange.sent(number, self)
        return number

    def drawn(self, frame: Frame) -> None:
        self._client.drawn(frame)

    def poll(self) -> List[Event]:
        """What the exchange's polls have brought for this line since the last time."""
        events = list(self._events)
        self._events.clear()
        return events

    def hear(self, event: Event) -> None:
        """The exchange's: an event for this line."""
        self._events.append(event)

    def close(self) -> None:
        """No more events; a session that is still being opened is closed when it is."""
        self._exchange.drop(self)
        self._events.clear()
