"""How sessions outlive workers, connections and the daemon: parked, woken, restored; no sockets.

The journal has every session's picture and each of its steps. A session that is lost is brought
back from there, with what it was at: an opening begins again, a drag goes on after its last step,
the last words of one that had ended are said again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from draggan_wire.errors import EngineFailed, UnknownSession, WireError
from draggan_wire.messages import Drag, Error, Message, Open, Ready, Save, Seek

from .journal.values import Kept
from .sessions import Job, Session, Sessions
from .worker import Event, SessionWorker, Snapshot, WorkerLost

if TYPE_CHECKING:
    from .journal import Journal

log = logging.getLogger("draggand.recovery")

MAX_LOSSES = 3  # workers that one session may cost within LOSSES_WITHIN
LOSSES_WITHIN = 600.0  # seconds


class Recovery:
    """Brings sessions back into the worker. `tell` sends a message to a session's client, `back`
    hears of one that has been brought back, `clock` is the door's."""

    def __init__(
        self,
        worker: SessionWorker,
        sessions: Sessions,
        journal: Journal | None,
        *,
        tell: Callable[[Session, Message, int | None], None],
        back: Callable[[Session], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._sessions, self._journal = worker, sessions, journal
        self._tell, self._back, self._clock = tell, back, clock

    def remember(self) -> None:
        """The sessions that an earlier daemon has left; they stay parked until somebody comes."""
        for kept in self._journal.sessions() if self._journal else ():
            self._sessions.add(self._of(kept))
        if len(self._sessions):
            log.info("the journal has %d sessions", len(self._sessions))

    def resumed(self, session: Session) -> None:
        """A client has come back to it: what it was at goes on."""
        try:
            self._recall(session)
            if session.job is not None:
                self.wake(session)
        except WireError as error:
            self._give_up(session, error)

    def wake(self, session: Session) -> None:
        """Before a request for it. Raises WireError where it cannot be had back."""
        if session.parked:
            self._bring_back(session)

    def park(self, session: Session) -> bool:
        """Leaves an idle session to the journal alone; False where there is none to rely on."""
        if self._journal is None or self._journal.trouble or session.job is not None:
            return False
        self._worker.close(session.id)
        session.parked = True
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
            if len(session.losses) >= MAX_LOSSES:
                self._give_up(session, _too_deadly(len(session.losses)))
            elif session.job is not None:
                self._try(session)

    def last_words(self, session: Session, event: Event) -> Ready | None:
        """After a job's last event: what is still to be said of one that an earlier daemon had
        computed to its end."""
        job = session.job
        if job is None or isinstance(event.message, Error):
            return None
        return job.message if isinstance(job.message, Ready) else None

    def _recall(self, session: Session) -> None:
        """What the session was at when the daemon before this one ended."""
        if not session.unfinished or self._journal is None:
            return
        session.unfinished = False
        message, session.kept_job = self._journal.request(session.id)
        if isinstance(message, (Open, Drag, Ready)):
            session.job = Job(message, session.kept_job)

    def _try(self, session: Session) -> None:
        try:
            self._bring_back(session)
        except WireError as error:
            self._give_up(session, error)

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
        re = session.job.re if session.job else None
        session.job = None
        said = Error(error.code, error.sentence[:2000], error.hint[:2000], session=session.id)
        self._tell(session, said, re)
        self._sessions.remove(session.id)
        if self._journal is not None:
            self._journal.remove(session.id)

    def _bring_back(self, session: Session) -> None:
        if self._journal is None:
            raise _gone()
        job = session.job
        if job is not None and isinstance(job.message, Open):
            self._open_again(session, job)
        else:
            self._restore(session, job)
        session.parked = False
        self._back(session)
        log.info("session %s: brought back", session.id)

    def _open_again(self, session: Session, job: Job) -> None:
        assert self._journal is not None
        request, _ = self._journal.request(session.id)
        if not isinstance(request, Open):
            raise _gone()
        self._worker.open(session.id, request, job.re)

    def _restore(self, session: Session, job: Job | None) -> None:
        assert self._journal is not None
        snapshot = self._journal.snapshot(session.id)
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
