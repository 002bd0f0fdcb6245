"""What time brings to sessions: they are stopped, parked, forgotten; no sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .config import Config
from .recovery import Recovery
from .sessions import Session, Sessions
from .worker import SessionWorker

if TYPE_CHECKING:
    from .journal import Journal

ALONE_SECONDS = 30.0  # that a drag goes on without its client


class Housekeeping:
    """Puts away what nobody has used for long. `drop` forgets a session and says why, in words for
    the log; `clock` is the door's."""

    def __init__(
        self,
        worker: SessionWorker,
        sessions: Sessions,
        journal: Journal | None,
        recovery: Recovery,
        *,
        drop: Callable[[Session, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._worker, self._sessions, self._journal = worker, sessions, journal
        self._recovery, self._drop, self._clock = recovery, drop, clock

    def tidy(self, config: Config) -> None:
        """Every few seconds."""
        now = self._clock()
        self._drop_what_is_not_kept()
        for session in self._sessions:
            alone = session.alone(now)
            if alone > ALONE_SECONDS and session.drags:
                self._worker.stop(session.id)
            elif alone > config.lease:
                self._put_away(session, alone, config.journal.keep)
            elif now - session.used > config.worker.park_after and not session.parked:
                self._recovery.park(session)

    def _drop_what_is_not_kept(self) -> None:
        for name in self._journal.dropped() if self._journal else ():
            session = self._sessions.get(name)
            if session is not None and session.parked:
                self._drop(session, "not kept any more")

    def _put_away(self, session: Session, alone: float, keep: float) -> None:
        if not session.parked and not self._recovery.park(session) and session.job is None:
            self._drop(session, "not resumed in time")
        elif session.parked and alone > keep:
            self._drop(session, "not resumed for too long")
