"""Sessions: whom they belong to, what they are doing, what their clients have not taken yet.

Imports the wire and nothing else.
"""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from draggan_wire.errors import LimitExceeded, UnknownSession
from draggan_wire.messages import (
    Drag,
    Frame,
    Message,
    Open,
    Pong,
    Ready,
    Save,
    Seek,
    SessionKey,
    encode,
)

from .listeners import Route

Frames = list[bytes | bytearray | memoryview]

MAX_UNTAKEN_BYTES = 384 * 2**20  # of a session's events that its client has not acknowledged
MAX_UNTAKEN = 8192
_STATES = {"open": "opening", "drag": "dragging"}


@dataclass(frozen=True)
class Job:
    """A request that the worker has not answered to its end; `re` is its number.

    A `Ready` stands for an opening that has ended, but whose client may not have heard of it.
    """

    message: Open | Drag | Seek | Save | Ready
    re: int | None


@dataclass(frozen=True)
class Waiting:
    """A request that `begin` hands to the worker once it has the session; `re` is its number."""

    re: int | None
    begin: Callable[[], None]  # may raise WireError


@dataclass(frozen=True)
class Posted:
    """One event, and what is sent of it; `re` is the request that it belongs to."""

    number: int
    message: Message
    re: int | None
    frames: Frames


@dataclass
class Outbox:
    """A session's events by their numbers, from their making until the client has taken them."""

    last: int = 0  # the number of the latest event
    untaken: deque[Posted] = field(default_factory=deque)
    bytes: int = 0

    def put(self, message: Message, re: int | None) -> Frames:
        """Numbers an event; returns its frames, which are kept until `taken`."""
        self.last += 1
        frames = encode(message, reply=re, event=self.last)
        self.untaken.append(Posted(self.last, message, re, frames))
        self.bytes += _size(frames)
        return frames

    def taken(self, number: int) -> list[Posted]:
        """The client has all up to `number`; returns what it had not had before."""
        done = []
        while self.untaken and self.untaken[0].number <= number:
            done.append(self.untaken.popleft())
            self.bytes -= _size(done[-1].frames)
        return done

    @property
    def full(self) -> bool:
        return len(self.untaken) > MAX_UNTAKEN or self.bytes > MAX_UNTAKEN_BYTES


@dataclass
class Session:
    """One edit in work. `route` is the connection it is attached to; None: its client is gone.

    `parked`: the journal alone has it, no worker. Times are of the door's clock.
    """

    id: str
    token: str
    principal: str
    model: str
    size: tuple[int, int]
    route: Route | None = None
    created: float = 0.0
    used: float = 0.0  # when it was last asked for something, or did something
    detached: float = 0.0  # since when it is without a client
    parked: bool = False
    returning: bool = False  # it is being read from the journal, for the worker
    waiting: Waiting | None = None  # what is asked of it meanwhile
    stopping: bool = False  # that is to stop at once
    unfinished: bool = False  # the journal has a job of it that nobody has looked at yet
    settling: bool = False  # a drag is back from the journal, and may have ended long ago
    job: Job | None = None
    refining: Job | None = None  # the ready that is to be followed by a final one
    kept_job: int | None = None  # the request that the journal has in flight
    step: int = 0
    credit: int = 0  # previews that its client has room for
    first: int = 0  # the step from which the drag in work set out
    kept: int = 0  # the latest step of it that came as a kept frame
    losses: list[float] = field(default_factory=list)  # when it cost a worker its life
    acknowledges: bool = False  # whether its client says what it has taken
    refines: bool = False  # whether its client hears of a final ready
    outbox: Outbox = field(default_factory=Outbox)

    @property
    def state(self) -> str:
        """In a word, for people."""
        if self.job is None and not self.parked:
            return "refining" if self.refining else "idle"
        if self.job is None:
            return "parked"
        return _STATES.get(self.job.message.op, "busy")

    @property
    def at_work(self) -> bool:
        return self.returning or (self.job is not None and not self.parked)

    @property
    def burdens(self) -> bool:
        """Whether it costs computing, be it at rest for its client."""
        return self.at_work or (self.refining is not None and not self.parked)

    def hears(self, message: Message, re: int | None) -> bool:
        """Whether its client is to be told; notes what a ready says of one that is to follow."""
        if not isinstance(message, Ready):
            return True
        self.refining = None if message.final else Job(message, re)
        opening = self.job is not None and isinstance(self.job.message, (Open, Ready))
        return opening or self.refines

    def last_ready(self) -> Job | None:
        """The final ready that nobody else will say, where one has to follow."""
        last, self.refining = self.refining, None
        if last is None or not isinstance(last.message, Ready) or not self.refines:
            return None
        return Job(replace(last.message, final=True), last.re)

    def alone(self, now: float) -> float:
        """Seconds since its client was here; 0 while it is."""
        return now - self.detached if self.route is None else 0.0

    @property
    def drags(self) -> bool:
        return self.job is not None and isinstance(self.job.message, Drag)


def reliable(message: Message) -> bool:
    """Whether a message to a session's client must never be dropped."""
    preview = isinstance(message, Frame) and message.kind == "preview"
    return not preview and not isinstance(message, Pong)


class Sessions:
    """All sessions of this daemon; at most `limit` of them not parked."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def create(
        self, principal: str, route: Route, model: str, size: tuple[int, int], *, allowed: int
    ) -> Session:
        """A new session. Raises LimitExceeded when there are as many as allowed: of all, and of
        this principal's (`allowed`, 0 for any number)."""
        self.check_room()
        if allowed and self._attached_of(principal) >= allowed:
            raise LimitExceeded(
                f"You have {allowed} sessions open on this daemon, as many as each user may have.",
                hint="Close an edit in another window, or raise max_sessions_per_user "
                "in the daemon's settings.",
            )
        new = Session(secrets.token_hex(8), secrets.token_hex(16), principal, model, size, route)
        return self.add(new)

    @property
    def full(self) -> bool:
        return sum(not s.parked or s.returning for s in self) >= self.limit

    def check_room(self) -> None:
        """Raises LimitExceeded where the worker has as many sessions as it may."""
        if self.full:
            raise LimitExceeded(
                f"The daemon has {self.limit} sessions open and takes no more.",
                hint="Close an edit in another window, or raise max_sessions in the settings.",
            )

    def longest_idle(self) -> list[Session]:
        """Those that could be parked; first whose clients are gone, then who was used last."""
        idle = [s for s in self if not s.parked and s.job is None]
        return sorted(idle, key=lambda s: (s.route is not None, s.used))

    def add(self, session: Session) -> Session:
        self._sessions[session.id] = session
        return session

    def get(self, session: str) -> Session | None:
        return self._sessions.get(session)

    def attached(self, session: str, route: Route) -> Session:
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

    def of_route(self, route: Route) -> list[Session]:
        return [session for session in self if session.route == route]

    def remove(self, session: str) -> None:
        self._sessions.pop(session, None)

    def _attached_of(self, principal: str) -> int:
        return sum(s.principal == principal and s.route is not None for s in self)


def _size(frames: Frames) -> int:
    return sum(memoryview(frame).nbytes for frame in frames)
