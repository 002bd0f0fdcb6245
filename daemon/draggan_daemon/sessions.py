"""Sessions and whom they belong to: principal, token, route; standard library only."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from draggan_wire.errors import LimitExceeded, UnknownSession
from draggan_wire.messages import SessionKey

Frames = list[bytes | bytearray | memoryview]


@dataclass
class Session:
    """One edit in work. `route` is the connection it is attached to; None: its client is gone."""

    id: str
    token: str
    principal: str
    route: bytes | None
    state: str = "idle"  # what it was last said to be doing
    detached: float = 0.0  # since when, on the door's clock
    missed: deque[Frames] = field(default_factory=deque)  # what was said meanwhile


class Sessions:
    """All sessions of this daemon."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def create(self, principal: str, route: bytes) -> Session:
        """A new session. Raises LimitExceeded when there are as many as allowed."""
        if len(self._sessions) >= self._limit:
            raise LimitExceeded(
                f"The daemon has {self._limit} sessions open and takes no more.",
                hint="Close an edit in another window, or raise max_sessions in the settings.",
            )
        session = Session(secrets.token_hex(8), secrets.token_hex(16), principal, route)
        self._sessions[session.id] = session
        return session

    def get(self, session: str) -> Session | None:
        return self._sessions.get(session)

    def attached(self, session: str, route: bytes) -> Session:
        """The session, if it belongs to this connection. Raises UnknownSession.

        A session of somebody else is answered like one that does not exist.
        """
        found = self._sessions.get(session)
        if found is None or found.route != route:
            raise UnknownSession(
                f"There is no session {session} on this connection.",
                hint="Open the picture again.",
            )
        return found

    def resumable(self, key: SessionKey, principal: str) -> Session | None:
        """The session that `key` proves to be this principal's own."""
        found = self._sessions.get(key.session)
        if found is None or found.principal != principal:
            return None
        return found if hmac.compare_digest(found.token, key.token) else None

    def of_route(self, route: bytes) -> list[Session]:
        return [session for session in self if session.route == route]

    def remove(self, session: str) -> None:
        self._sessions.pop(session, None)
