"""The sessions' desk: requests go to the worker, what it says to whom it concerns; no pyzmq.

It knows which client a session belongs to, what it is at, and when it may be put away. The door has
read and checked all that comes here; what goes out is the delivery's business.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from draggan_wire.errors import Busy, WireError
from draggan_wire.messages import (
    FLEETING,
    MAX_CREDIT,
    Closed,
    Drag,
    Error,
    Frame,
    Message,
    Open,
    Ready,
    Save,
    Seek,
    SessionKey,
    encode,
)

from .codings import coding_for
from .config import Config
from .counters import Counters
from .delivery import Delivery
from .housekeeping import Housekeeping
from .ledger import Ledger
from .listeners import Route
from .peers import Peer, Peers
from .quota import computing_quota, too_much_computing
from .recovery import Recovery
from .report import journal_facts, sessions_counts, sessions_facts
from .sessions import Frames, Job, Session, Sessions, Waiting
from .worker import Event, SessionWorker, WorkerLost

if TYPE_CHECKING:
    from .journal import Journal

log = logging.getLogger("draggand")


class Desk:
    """All sessions of this daemon, between the connections and the worker.

    `clock` is the door's, `ring` wakes its loop from another thread. What is not this session's
    moment raises WireError.
    """

    def __init__(
        self,
        worker: SessionWorker,
        config: Config,
        journal: Journal | None,
        peers: Peers,
        counters: Counters,
        *,
        ring: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._config, self._journal = worker, config, journal
        self._peers, self._counters, self._clock = peers, counters, clock
        self.sessions = Sessions(config.limits.max_sessions)
        self._ledger = Ledger(journal)
        self._computing = computing_quota(config.bounds.compute_seconds_per_hour, clock=clock)
        self._losses: deque[WorkerLost] = deque()
        self._closed: deque[tuple[int, Route, Frames]] = deque()  # tickets, and whom to tell
        self.delivery = Delivery(worker, self.sessions, journal, peers, drop=self.drop, clock=clock)
        self.recovery = Recovery(
            worker,
            self.sessions,
            journal,
            tell=self.delivery.tell,
            back=self._is_back,
            ring=ring,
            clock=clock,
        )
        self._housekeeping = Housekeeping(
            worker, self.sessions, journal, self.recovery, counters, drop=self.drop, clock=clock
        )

    def adopt(self, config: Config) -> None:
        """From now on these settings hold; what has been computed in this hour is forgiven."""
        self._config = config
        self.sessions.limit = config.limits.max_sessions
        rate = config.bounds.compute_seconds_per_hour
        self._computing = computing_quota(rate, clock=self._clock)

    # Whose sessions.

    def of(self, peer: Peer, session: str) -> Session:
        """The session, if it is the peer's own. Raises UnknownSession."""
        return self.sessions.attached(session, peer.route)

    def resumable(self, keys: Sequence[SessionKey], user: str) -> list[Session]:
        """Those that the keys prove to be the user's own, each once."""
        owned = {key.session: self.sessions.resumable(key, user) for key in keys}
        return [session for session in owned.values() if session is not None]

    def attach(self, session: Session, peer: Peer, *, heard: int) -> None:
        """The session's client has come back, or another connection of it; what it has not taken
        is sent again."""
        session.refines = "refine" in peer.features
        session.credit = 0
        self._worker.withdraw_credit(session.id)
        self.delivery.attach(session, peer, heard=heard)
        self._code(session, peer)
        self.recovery.resumed(session)

    # Requests.

    def open(
        self, peer: Peer, request: Open, re: int | None, *, size: tuple[int, int], allowed: int
    ) -> Session:
        """A new session, whose picture the worker begins to look at."""
        self._check_computing(peer.principal)
        self._make_room()
        session = self.sessions.create(
            peer.principal, peer.route, request.model, size, allowed=allowed
        )
        session.created = session.used = self._clock()
        session.acknowledges = "acks" in peer.features
        session.refines = "refine" in peer.features
        try:
            self._worker.open(session.id, request, re)
        except WireError:
            self.sessions.remove(session.id)
            raise
        session.job, session.kept_job = Job(request, re), re
        self._code(session, peer)
        self._ledger.opened(session, request, re)
        log.info("session %s: open %s, %d x %d", session.id, request.model, *size)
        return session

    def drag(self, session: Session, request: Drag, re: int | None) -> None:
        self._check_computing(session.principal)
        self._ask(session, re, lambda: self._drag(session, request, re))

    def _drag(self, session: Session, request: Drag, re: int | None) -> None:
        self._worker.drag(request, re)
        self._begun(session, Job(request, re))
        session.first = session.kept = session.step
        session.kept_job = re
        self._ledger.set_out(session, request, re)
        log.info("session %s: drag %d handles", session.id, len(request.handles))

    def seek(self, session: Session, request: Seek, re: int | None) -> None:
        self._ask(session, re, lambda: self._seek(session, request, re))

    def _seek(self, session: Session, request: Seek, re: int | None) -> None:
        self._worker.seek(request, re)
        self._begun(session, Job(request, re))

    def save(self, session: Session, request: Save, re: int | None) -> None:
        self._ask(session, re, lambda: self._save(session, request, re))

    def _save(self, session: Session, request: Save, re: int | None) -> None:
        self._worker.save(request, re)
        self._begun(session, Job(request, re))
        log.info("session %s: save", session.id)

    def stop(self, session: Session) -> bool:
        """Whether there is anything that will stop. What is still learnt of its picture does, too;
        but for the client that is at rest already."""
        if self.recovery.stop(session):
            return True
        return self._worker.stop(session.id) and session.state != "refining"

    def close(self, session: Session, re: int | None) -> None:
        """Forgets a session at its client's word, who is told when the journal has done so too."""
        said = encode(Closed(session=session.id, reason="asked"), reply=re)
        if session.route is not None:
            route = session.route
            self._closed.append((self._drop(session, "closed"), route, said))

    def drop(self, session: Session, why: str) -> None:
        """Forgets a session for good."""
        self._drop(session, why)

    def _drop(self, session: Session, why: str) -> int:
        self._worker.close(session.id)
        log.info("session %s: %s", session.id, why)
        return self._forget(session)

    def credit(self, session: Session, previews: int) -> None:
        """The client has room for so many more."""
        session.credit = min(MAX_CREDIT, session.credit + previews)
        self._worker.credit(session.id, previews)

    def code_again(self, peer: Peer) -> None:
        """The peer's link has been measured anew."""
        for session in self.sessions.of_route(peer.route):
            self._code(session, peer)

    def _ask(self, session: Session, re: int | None, begin: Callable[[], None]) -> None:
        """A request, which waits for a session that is not in the worker. Raises WireError where
        the session cannot take one."""
        if session.settling and session.waiting is None:
            session.waiting = Waiting(re, begin)
            return
        if session.job is not None or session.waiting is not None:
            raise Busy(
                "The session is still at work.", hint="Wait until it is done, or stop it first."
            )
        if session.parked:
            self._make_room()
            self.sessions.check_room()
        self.recovery.wake(session, Waiting(re, begin))

    def _make_room(self) -> None:
        """Where the worker has all that it may, the session least in use is left to the journal."""
        if self.sessions.full:
            any(self.recovery.park(session) for session in self.sessions.longest_idle())

    def _begun(self, session: Session, job: Job) -> None:
        session.job, session.used = job, self._clock()

    def _check_computing(self, user: str) -> None:
        if not self._computing.left(user):
            raise too_much_computing(self._config.bounds.compute_seconds_per_hour)

    def _code(self, session: Session, peer: Peer) -> None:
        self._worker.code(session.id, coding_for(peer, session.size))

    def _is_back(self, session: Session) -> None:
        """The worker has it again, and knows nothing of its client."""
        peer = self._peers.get(session.route) if session.route else None
        if peer is not None:
            self._code(session, peer)
            self._worker.credit(session.id, session.credit)

    # What the worker says.

    def hear_worker(self) -> None:
        """Takes in what has happened; `tell` passes it on."""
        for event in self._worker.events():
            if isinstance(event, WorkerLost):
                self._counters.workers_lost += 1
                self._losses.append(event)
            else:
                self._ledger.take(event)

    def tell(self) -> None:
        """Tells the clients what may be told by now."""
        for event in self._ledger.ready():
            session = self.sessions.get(event.session)
            if session is not None:  # else it was closed meanwhile
                self._relay(session, event)
        while self._closed and self._ledger.kept(self._closed[0][0]):
            _, route, said = self._closed.popleft()
            if self._peers.get(route) is not None:
                self.delivery.send(route, said)
        while self._losses and not self._ledger.holds(self._losses[0].sessions):
            self.recovery.lost(self._losses.popleft())  # after what it had still said

    def waiting(self) -> bool:
        """Whether something is still to be told."""
        return bool(self._ledger) or bool(self._losses) or bool(self._closed)

    def _relay(self, session: Session, event: Event) -> None:
        session.used = self._clock()
        self._account(session, event)
        if event.message is not None:
            self._note(session, event.message)
            if session.hears(event.message, event.re):
                self.delivery.tell(session, event.message, event.re)
        if event.ends_job and session.job is not None and event.re == session.job.re:
            self._end_job(session, event)
        if event.ends_session:
            self._forget(session)
            log.info("session %s: ended", session.id)

    def _forget(self, session: Session) -> int:
        self.sessions.remove(session.id)
        return self._ledger.forget(session.id)

    def _account(self, session: Session, event: Event) -> None:
        self._computing.use(session.principal, event.seconds)
        if session.refining and session.job is None and not self._computing.left(session.principal):
            self._worker.stop(session.id)
        if event.record is None or event.record.step is None:
            return
        session.step = event.record.step
        if session.drags and event.record.latent is not None:
            if session.settling:
                self.recovery.begin_waiting(session)
            self._counters.step(event.seconds)
            if not self._computing.left(session.principal):
                self._worker.stop(session.id)

    def _note(self, session: Session, message: Message) -> None:
        if isinstance(message, Frame):
            self._counters.frames_sent += 1
            if message.kind == "kept":
                session.kept = message.step
            elif message.kind in FLEETING:  # a likeness may come before it is paid for
                least = -1 if message.kind == "likeness" else 0
                session.credit = max(least, session.credit - 1)
        elif isinstance(message, Error):
            log.warning("session %s: %s (%s)", session.id, message.sentence, message.code)

    def _end_job(self, session: Session, event: Event) -> None:
        last_words = self.recovery.last_words(session, event)
        session.job = None
        if session.settling:
            self.recovery.begin_waiting(session)
        if last_words is not None:
            self.delivery.tell(session, last_words, event.re)
            return
        if self._journal is None:
            return
        if session.acknowledges and isinstance(event.message, Ready):
            # A drag says its last words again by itself, from its records; an opening does not.
            self._journal.ended(session.id, encode(event.message)[1:], event.re)
        elif isinstance(event.message, Error) and event.re == session.kept_job:
            self._journal.delivered(session.id, finished=True)

    # What time brings.

    def tidy(self) -> None:
        """Puts away what nobody has used for long."""
        self._housekeeping.tidy(self._config)

    def at_work(self) -> bool:
        """Whether any session has something to do, or something still to be heard."""
        return any(session.at_work for session in self.sessions)

    def in_use(self) -> bool:
        """Whether anybody holds a session, or may still come back for one."""
        return any(
            not session.parked or session.returning or session.route is not None
            for session in self.sessions
        )

    # For administrators.

    def facts(self) -> dict[str, object]:
        return {
            **sessions_counts(self.sessions),
            "device": self._worker.device(),
            "workers": [vars(health) for health in self._worker.health()],
            **self._counters.facts(),
            "journal": journal_facts(self._journal, len(self.sessions)),
        }

    def sessions_facts(self) -> dict[str, object]:
        clients = {peer.route: peer.client for peer in self._peers}
        return {"sessions": sessions_facts(self.sessions, clients, self._clock())}
