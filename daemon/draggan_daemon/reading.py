"""Reading what a session needs to come back, in a thread of its own: the door goes on meanwhile.

The journal takes up to half a second for a large session, and waits for a slow disk. Imports the
wire and the standard library.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from draggan_wire.errors import EngineFailed, WireError
from draggan_wire.messages import Open

from .worker import Snapshot

if TYPE_CHECKING:
    from .journal import Journal
    from .journal.reader import InFlight

log = logging.getLogger("draggand.recovery")


@dataclass(frozen=True)
class Found:
    """What the journal has of a session: what was in flight, if that was asked for (`re`: its
    request's number), and its steps, which an opening that has not ended does not have."""

    in_flight: InFlight | None
    re: int | None
    snapshot: Snapshot | None


class Reading:
    """One session after the other. `ring` is called, from any thread, when `results` has more."""

    def __init__(self, journal: Journal, ring: Callable[[], None]) -> None:
        self._journal, self._ring = journal, ring
        self._done: deque[tuple[str, Future[Found]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")

    def begin(self, session: str, *, in_flight: bool) -> None:
        """`in_flight`: also what the session was asked for and has not answered."""
        reading = self._thread.submit(self._read, session, in_flight)
        reading.add_done_callback(partial(self._has_read, session))

    def results(self) -> Iterator[tuple[str, Found | WireError]]:
        """What has been read since, by the sessions' names."""
        with suppress(IndexError):
            while True:
                session, reading = self._done.popleft()
                yield session, _outcome(session, reading)

    def close(self) -> None:
        """Waits for what is being read."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _read(self, session: str, in_flight: bool) -> Found:
        request, re = self._journal.request(session) if in_flight else (None, None)
        if isinstance(request, Open):
            return Found(request, re, None)
        return Found(request, re, self._journal.snapshot(session))

    def _has_read(self, session: str, reading: Future[Found]) -> None:
        if not reading.cancelled():
            self._done.append((session, reading))
            self._ring()


def _outcome(session: str, reading: Future[Found]) -> Found | WireError:
    error = reading.exception()
    if error is None:
        return reading.result()
    if isinstance(error, WireError):
        return error
    log.error("session %s: cannot be read", session, exc_info=error)
    return EngineFailed(
        "The daemon cannot read this session.", hint="Its log has the details; try again."
    )
