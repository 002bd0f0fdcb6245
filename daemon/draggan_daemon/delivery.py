"""What is said to a session's client: sent, numbered, kept until it is taken; no pyzmq.

A session outlives its connection. Its events wait for the client that comes back for them, and a
client that takes nothing for too long loses the session.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from draggan_wire.errors import EngineFailed, WireError
from draggan_wire.messages import Closed, Done, Error, Frame, Message, Ready, encode

from .listeners import Route
from .peers import Peer, Peers
from .sessions import Frames, Session, Sessions, reliable
from .worker import SessionWorker

if TYPE_CHECKING:
    from .journal import Journal

log = logging.getLogger("draggand")

ALONE_BYTES = 48 * 2**20  # that a drag may leave for its client while that is away for more than
ALONE_AT_LEAST = 5.0  # seconds: a short loss of the connection ends no drag


class Delivery:
    """Between the sessions and their clients' connections, which come and go.

    `drop` forgets a session for good, for the reason given; `clock` is the door's.
    """

    def __init__(
        self,
        worker: SessionWorker,
        sessions: Sessions,
        journal: Journal | None,
        peers: Peers,
        *,
        drop: Callable[[Session, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._sessions, self._journal = worker, sessions, journal
        self._peers, self._drop, self._clock = peers, drop, clock

    # Connections.

    def send(self, route: Route, frames: Frames, *, urgent: bool = False) -> None:
        """To a connection, which is given up where it takes nothing any more."""
        if not self._peers.send(route, frames, urgent=urgent):
            self.lose(route)

    def attach(self, session: Session, peer: Peer, *, heard: int) -> None:
        """The session is the peer's from now on, which has its events up to `heard`."""
        old, session.route = session.route, peer.route
        session.acknowledges = "acks" in peer.features
        if old is not None and old != peer.route:
            self.send(old, encode(Closed(session=session.id, reason="moved")))
        log.info("session %s: resumed", session.id)
        self._detached_since(session, None)
        self.taken(session, heard)
        session.outbox.last = max(session.outbox.last, heard)
        for event in list(session.outbox.untaken):
            self.send(peer.route, event.frames)
        if not session.acknowledges:
            self.taken(session, session.outbox.last)

    def lose(self, route: Route) -> None:
        """A client is gone; its sessions wait for it, and what it asked for goes on a while."""
        peer = self._peers.get(route)
        self._peers.remove(route)
        if peer is not None:
            log.info("%r is gone", peer.client)
        self.detach(route)

    def detach(self, route: Route) -> None:
        """Its sessions go on without that connection."""
        for session in self._sessions.of_route(route):
            session.route, session.detached = None, self._clock()
            self._detached_since(session, time.time())

    def _detached_since(self, session: Session, when: float | None) -> None:
        if self._journal is not None:
            self._journal.parked(session.id, when)

    def say_goodbye(self) -> None:
        """The daemon ends. Whoever can come back to a session keeps it."""
        for session in self._sessions:
            if session.route is not None and self._journal is None:
                self.send(session.route, encode(Closed(session=session.id, reason="shutdown")))

    # Events.

    def tell(self, session: Session, message: Message, re: int | None) -> None:
        """A session's client is told, or will be when it comes back."""
        try:
            frames = self._posted(session, message, re)
        except WireError as error:  # our own mistake; the client must not wait for ever
            log.error("what the engine said is unfit to be sent: %s", error.sentence)
            problem = EngineFailed("The engine's answer broke the protocol.")
            said = Error(problem.code, problem.sentence, session=session.id)
            frames = self._posted(session, said, re)
        if session.outbox.bytes > ALONE_BYTES and session.alone(self._clock()) > ALONE_AT_LEAST:
            self._worker.stop(session.id)
        if session.outbox.full:
            self._overrun(session)
        elif session.route is not None:
            self.send(session.route, frames)
            if not session.acknowledges:
                self.taken(session, session.outbox.last)

    def taken(self, session: Session, number: int) -> None:
        """The client has all events up to `number`; what it has need not be kept for it."""
        taken = session.outbox.taken(number)
        if self._journal is None or session.kept_job is None:
            return  # what answers no request is no answer to one that nobody has looked at yet
        taken = [event for event in taken if event.re == session.kept_job]
        frames = [event.message for event in taken if isinstance(event.message, Frame)]
        kept = max((frame.step for frame in frames if frame.kind == "kept"), default=None)
        finished = any(isinstance(event.message, (Done, Ready)) for event in taken)
        if kept is not None or finished:
            self._journal.delivered(session.id, kept=kept, finished=finished)

    def owed(self) -> bool:
        """Whether a client that is there has still to say what it has taken."""
        return any(s.route is not None and s.outbox.untaken for s in self._sessions)

    def _posted(self, session: Session, message: Message, re: int | None) -> Frames:
        if reliable(message):
            return session.outbox.put(message, re)
        return encode(message, reply=re)

    def _overrun(self, session: Session) -> None:
        route = session.route
        self._drop(session, "its client takes nothing")
        if route is not None:
            said = Error(
                "limit_exceeded",
                "The program did not take the daemon's answers for too long.",
                "Keep fewer steps, and open the picture again.",
                session.id,
            )
            self.send(route, encode(said))
