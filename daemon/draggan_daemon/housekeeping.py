"""What time brings to sessions: they are stopped, parked, forgotten; no sockets.

When all are at rest, the memory that their work has left free goes back to the system.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .config import Config
from .counters import Counters
from .recovery import Recovery
from .sessions import Session, Sessions
from .spare_memory import give_back
from .worker import SessionWorker

if TYPE_CHECKING:
    from .journal import Journal

ALONE_SECONDS = 30.0  # that a drag goes on without its client
MUCH = 1 << 20  # bytes from and to clients that leave holes in the heap


class Housekeeping:
    """Puts away what nobody has used for long. `drop` forgets a session and says why, in words for
    the log; `clock` is the door's."""

    def __init__(
        self,
        worker: SessionWorker,
        sessions: Sessions,
        journal: Journal | None,
        recovery: Recovery,
        counters: Counters,
        *,
        drop: Callable[[Session, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._worker, self._sessions, self._journal = worker, sessions, journal
        self._recovery, self._drop, self._clock = recovery, drop, clock
        self._counters = counters
        self._cleared = self._seen = self._work()

    def tidy(self, config: Config) -> None:
        """Every few seconds."""
        now = self._clock()
        self._drop_what_is_not_kept()
        for session in self._sessions:
            alone = session.alone(now)
            if alone > ALONE_SECONDS and (session.drags or session.state == "refining"):
                self._worker.stop(session.id)
            elif alone > config.lease:
                self._put_away(session, alone, config.journal.keep)
            elif now - session.used > config.worker.park_after and not session.parked:
                self._recovery.park(session)
        self._clear_up()

    def _clear_up(self) -> None:
        """Gives memory back once after each spell of work, when the journal is at rest too."""
        before, self._seen = self._seen, self._work()
        quiet = self._seen == before and not any(session.burdens for session in self._sessions)
        if quiet and self._cleared != self._seen:
            self._cleared = self._seen
            give_back()

    def _work(self) -> tuple[int, int]:
        """What has been done so far, as far as it could weigh."""
        counted = self._counters
        return counted.steps, (counted.bytes_in + counted.bytes_out) // MUCH

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
