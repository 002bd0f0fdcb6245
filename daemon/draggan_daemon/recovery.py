"""How sessions outlive workers, connections and the daemon: parked, woken, restored; no sockets.

The journal has every session's picture and each of its steps. A session that is lost is brought
back from there, with what it was at: an opening begins again, a drag goes on after its last step,
the last words of one that had ended are said again. Reading takes its time, in which the door goes
on: a request for the session waits, one at most.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from draggan_wire.errors import Busy, EngineFailed, UnknownSession, WireError
from draggan_wire.messages import Drag, Error, Message, Open, Ready, Save, Seek

from .journal.values import Kept
from .reading import Found, Reading
from .sessions import Job, Session, Sessions, Waiting
from .worker import Event, SessionWorker, Snapshot, WorkerLost

if TYPE_CHECKING:
    from .journal import Journal

log = logging.getLogger("draggand.recovery")

MAX_LOSSES = 3  # workers that one session may cost within LOSSES_WITHIN
LOSSES_WITHIN = 600.0  # seconds


class Recovery:
    """Brings sessions back into the worker. `tell` sends a message to a session's client, `back`
    hears of one that has been brought back, `clock` is the door's. `ring` is called from another
    thread when there is something to `take_in`."""

    def __init__(
        self,
        worker: SessionWorker,
        sessions: Sessions,
        journal: Journal | None,
        *,
        tell: Callable[[Session, Message, int | None], None],
        back: Callable[[Session], None],
        ring: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._sessions, self._journal = worker, sessions, journal
        self._tell, self._back, self._clock = tell, back, clock
        self._reading = Reading(journal, ring) if journal else None
        self._ending = False

    def remember(self) -> None:
        """The sessions that an earlier daemon has left; they stay parked until somebody comes."""
        for kept in self._journal.sessions() if self._journal else ():
            self._sessions.add(self._of(kept))
        if len(self._sessions):
            log.info("the journal has %d sessions", len(self._sessions))

    def resumed(self, session: Session) -> None:
        """A client has come back to it: what it was at goes on. What was still learnt does not."""
        if session.parked:
            self._say_last_ready(session)
        if session.parked and (session.unfinished or session.job is not None):
            self._return(session)

    def wake(self, session: Session, request: Waiting) -> None:
        """Begins the request, at once where the worker has the session. Raises WireError."""
        if not session.parked:
            request.begin()
            return
        if self._reading is None:
            raise _gone()
        session.waiting = request
        self._return(session)

    def stop(self, session: Session) -> bool:
        """Whether the session is on its way back; what it is at will stop as soon as it is."""
        session.stopping = session.returning
        return session.returning

    def take_in(self) -> None:
        """Hands what has been read to the worker."""
        for name, found in self._reading.results() if self._reading else ():
            session = self._sessions.get(name)
            if session is None or self._ending:  # closed meanwhile, or left to the next daemon
                continue
            session.returning = False
            try:
                self._came_back(session, found)
            except WireError as error:
                self._stay(session, error)
            session.stopping = False

    def end(self) -> None:
        """From now on sessions that the worker loses are left to the next daemon."""
        self._ending = True

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()

    def park(self, session: Session) -> bool:
        """Leaves an idle session to the journal alone; False where there is none to rely on."""
        if self._journal is None or self._journal.trouble or session.job is not None:
            return False
        self._worker.close(session.id)
        session.parked = True
        self._say_last_ready(session)
        log.info("session %s: parked", session.id)
        return True

    def lost(self, lost: WorkerLost) -> None:
        """A worker has died: its sessions are restored into the one that takes its place."""
        log.warning("a worker was lost: %s", lost.reason)
        now = self._clock()
        for name in lost.sessions:
            session = self._sessions.get(name)
            if session is None:
                continue
            if name == lost.culprit:
                session.losses = [t for t in session.losses if now - t < LOSSES_WITHIN] + [now]
            session.parked = True
            if self._ending:
                continue
            self._say_last_ready(session)
            if len(session.losses) >= MAX_LOSSES:
                self._give_up(session, _too_deadly(len(session.losses)))
            elif session.job is not None:
                self._return(session)

    def last_words(self, session: Session, event: Event) -> Ready | None:
        """After a job's last event: what is still to be said of one that an earlier daemon had
        computed to its end."""
        job = session.job
        if job is None or isinstance(event.message, Error):
            return None
        return job.message if isinstance(job.message, Ready) else None

    def _say_last_ready(self, session: Session) -> None:
        """Nobody waits for ever for what its model would have learnt."""
        last = session.last_ready()
        if last is not None:
            self._tell(session, last.message, last.re)

    def _return(self, session: Session) -> None:
        if self._reading is None:
            self._give_up(session, _gone())
        elif not session.returning:
            session.returning = True
            opening = session.job is not None and isinstance(session.job.message, Open)
            self._reading.begin(session.id, in_flight=session.unfinished or opening)

    def _came_back(self, session: Session, found: Found | WireError) -> None:
        if isinstance(found, WireError):
            raise found
        self._recall(session, found)
        if session.job is None and session.waiting is None:
            return  # its client has only looked in
        self._bring_back(session, found)
        session.settling = session.drags
        if not session.settling:
            self.begin_waiting(session)
        if session.stopping:
            self._worker.stop(session.id)

    def _recall(self, session: Session, found: Found) -> None:
        """What the session was at when the daemon before this one ended."""
        if not session.unfinished:
            return
        session.unfinished, session.kept_job = False, found.re
        if isinstance(found.in_flight, Ready):
            session.job = Job(replace(found.in_flight, final=True), found.re)
        elif isinstance(found.in_flight, (Open, Drag)):
            session.job = Job(found.in_flight, found.re)

    def begin_waiting(self, session: Session) -> None:
        """What was asked while the session came back; Busy where it turns out to be at work."""
        session.settling = False
        waiting, session.waiting = session.waiting, None
        if waiting is None:
            return
        try:
            if session.job is not None:
                raise Busy("The session is still at work.", hint="Wait until it is done.")
            waiting.begin()
        except WireError as error:
            self._say(session, error, waiting.re)

    def _stay(self, session: Session, error: WireError) -> None:
        """It cannot be had back now; the journal keeps what it has."""
        log.warning("session %s: cannot be brought back: %s", session.id, error.sentence)
        if isinstance(error, UnknownSession):
            self._give_up(session, error)
            return
        asked, session.job, session.waiting = (session.job, session.waiting), None, None
        for request in asked:
            if request is not None:
                self._say(session, error, request.re)
        if asked[0] is not None and self._journal is not None:
            self._journal.delivered(session.id, finished=True)

    def _say(self, session: Session, error: WireError, re: int | None) -> None:
        said = Error(error.code, error.sentence[:2000], error.hint[:2000], session=session.id)
        self._tell(session, said, re)

    def _failed(self, session: Session) -> None:
        """A drag had failed, but why was not kept; the session is as it was before that step."""
        re, session.job = session.job.re if session.job else None, None
        error = EngineFailed(
            "The drag had failed when the daemon ended.", hint="Drag again, with shorter ways."
        )
        self._tell(session, Error(error.code, error.sentence, error.hint, session.id), re)
        if self._journal is not None:
            self._journal.delivered(session.id, finished=True)

    def _give_up(self, session: Session, error: WireError) -> None:
        log.warning("session %s: given up: %s", session.id, error.sentence)
        asked = session.job or session.waiting
        session.job = session.waiting = None
        self._say(session, error, asked.re if asked else None)
        self._sessions.remove(session.id)
        if self._journal is not None:
            self._journal.remove(session.id)

    def _bring_back(self, session: Session, found: Found) -> None:
        job = session.job
        if job is not None and isinstance(job.message, Open):
            if not isinstance(found.in_flight, Open):
                raise _gone()
            self._worker.open(session.id, found.in_flight, job.re)
        elif found.snapshot is None:
            raise _gone()
        else:
            self._restore(session, job, found.snapshot)
        session.parked = False
        self._back(session)
        log.info("session %s: brought back", session.id)

    def _restore(self, session: Session, job: Job | None, snapshot: Snapshot) -> None:
        # A daemon that has lived on knows better than the journal what has been handed out.
        kept = max(snapshot.kept, session.kept)
        snapshot = replace(snapshot, kept=kept, model=session.model)
        if session.drags and snapshot.resume == b"":
            self._failed(session)
            job = None
        if not session.drags:
            snapshot = replace(snapshot, drag=None, resume=None)
        elif snapshot.drag is None and job is not None and isinstance(job.message, Drag):
            # The journal does not have it: once more.
            snapshot = replace(snapshot, drag=job.message, first=session.first, resume=None)
        session.step, session.first = snapshot.position, snapshot.first
        self._worker.restore(session.id, snapshot, job.re if job and session.drags else None)
        if job is not None and not session.drags:
            self._ask_again(session, job, snapshot)

    def _ask_again(self, session: Session, job: Job, snapshot: Snapshot) -> None:
        if isinstance(job.message, Seek):
            self._worker.seek(job.message, job.re)
        elif isinstance(job.message, Save):
            self._worker.save(job.message, job.re)
        elif isinstance(job.message, Ready):  # its picture comes first
            self._worker.seek(Seek(session.id, snapshot.position), job.re)

    def _of(self, kept: Kept) -> Session:
        now = self._clock()
        # Whether its client waits for a final ready is not kept; one too many does no harm.
        perhaps = Job(Ready(kept.session, final=False), None)
        return Session(
            kept.session,
            kept.token,
            kept.principal,
            kept.model,
            (kept.width, kept.height),
            created=now - max(0.0, time.time() - kept.created),
            used=now,
            detached=now,
            parked=True,
            unfinished=kept.state != "idle",
            refining=perhaps if kept.state in ("idle", "dragging") else None,
        )


def _gone() -> UnknownSession:
    return UnknownSession(
        "The daemon has lost this session.", hint="Open the picture again, and go on from there."
    )


def _too_deadly(times: int) -> EngineFailed:
    return EngineFailed(
        f"The daemon's worker has died {times} times while it worked on this picture.",
        hint="Try a smaller region or another model; the daemon's log has the details.",
        code="worker_lost",
    )
