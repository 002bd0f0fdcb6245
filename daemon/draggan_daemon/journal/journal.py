"""The journal: what outlives a crash of worker or daemon; imports the wire and sqlite3 only.

Writes are handed to a thread and answered by a ticket at once; `committed` says how far the thread
has come. What is committed outlives the daemon's sudden death. A power cut costs at most the last
two seconds, and nothing of a session's creation, its opened picture, or a drag that has ended. All
that is kept has digests: what is damaged is put aside and said, never given out.

In trouble (the disk is full, say) tickets count as committed at once and the daemon serves on;
what could not be written waits in memory, up to a limit, and is written when the disk is back.
Nothing of what is kept is ever logged.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ..worker import Record, Snapshot
from .bounds import Bounds
from .changes import (
    Broken,
    Delivered,
    Dragging,
    Ended,
    Opened,
    Parked,
    Recorded,
    Removed,
)
from .disk import Disk
from .files import Bytes
from .folder import unusable
from .reader import InFlight, read_in_flight, read_snapshot
from .requests import number_of
from .values import Damaged, JournalCost, JournalError, Kept
from .write_queue import WriteQueue
from .writer import Writer

__all__ = ["Journal", "JournalCost", "JournalError", "Kept"]

PATIENCE = 5.0  # seconds that reading a session waits for its own writes
CLOSING = 20.0  # seconds that closing waits for a disk that does not answer

T = TypeVar("T")


class Journal:
    """The sessions kept in `folder`, which one daemon has for itself; not on a network's disk.

    At most `max_bytes` are kept, and a session for `keep` seconds after its client has left; who
    left first goes first. Raises JournalError where the folder cannot be used. All methods may be
    called from any thread; but for `snapshot`, `request` and `close` they return in microseconds.
    """

    def __init__(self, folder: Path, *, max_bytes: int, keep: float) -> None:
        self._folder = folder
        disk = Disk(folder)
        self._disk_bytes = disk.bytes_on_disk
        self._queue = WriteQueue(disk.files)
        bounds = Bounds(max_bytes=max_bytes, keep=keep)
        self._writer = Writer(folder, disk, self._queue, bounds)
        try:
            self._writer.start()
        except (OSError, sqlite3.Error) as error:
            self._queue.end()
            disk.close()
            raise unusable(folder, error) from None
        self._at_start = [row.told() for row in list(disk.rows.values())]
        self._writer.lost.clear()

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found damaged, and where it lies now: sentences for the log and the doctor."""
        return tuple(self._writer.notes)

    def sessions(self) -> list[Kept]:
        """The sessions that could be resumed when this daemon started."""
        return list(self._at_start)

    # Writing. Each returns its ticket: 1, 2, 3...

    def opening(self, kept: Kept, request: Sequence[Bytes]) -> int:
        """A session is begun by an encoded `open` without its magic. Durable once committed."""
        return self._queue.submit(Opened(kept.session, kept, number_of(request), request))

    def record(self, session: str, record: Record) -> int:
        return self._queue.submit(Recorded(session, record))

    def dragging(self, session: str, request: Sequence[Bytes], re: int | None, first: int) -> int:
        """A drag sets out from step `first`; `request` as for `opening`."""
        return self._queue.submit(Dragging(session, request, re, first))

    def ended(self, session: str, words: Sequence[Bytes], re: int | None) -> int:
        """What was in flight has come to its end; `words` are the encoded `done` or `ready`,
        without magic, until the client is known to have them."""
        return self._queue.submit(Ended(session, words, re))

    def delivered(self, session: str, *, kept: int | None = None, finished: bool = False) -> int:
        """The client has the kept frames up to step `kept`; `finished`: the last word, too, of
        what was in flight (done, or an opening's ready)."""
        return self._queue.submit(Delivered(session, kept, finished))

    def parked(self, session: str, detached: float | None) -> int:
        """Since when the session is without its client (unix time); None: it is there."""
        return self._queue.submit(Parked(session, detached))

    def remove(self, session: str) -> int:
        return self._queue.submit(Removed(session))

    # How far it has come.

    @property
    def committed(self) -> int:
        """All tickets up to this one are kept, or count as such."""
        return self._queue.committed

    def done(self, ticket: int) -> bool:
        """The same of one ticket alone: one session's large picture holds up its own, no others."""
        return self._queue.done(ticket)

    def fileno(self) -> int:
        """Readable when `committed`, `trouble` or `dropped` may have changed, until `heard()`."""
        return self._queue.bell.fileno()

    def heard(self) -> None:
        self._queue.bell.heard()

    @property
    def trouble(self) -> str | None:
        """A sentence while nothing can be kept."""
        return self._queue.trouble

    def dropped(self) -> list[str]:
        """Sessions that are not kept any more though nobody removed them, since the last call."""
        lost = self._queue.torn()
        with suppress(IndexError):
            while True:
                lost.append(self._writer.lost.popleft())
        return lost

    # Reading.

    def snapshot(self, session: str) -> Snapshot:
        """The session as it was kept, with all writes submitted so far.

        `resume` is None where the drag in flight has not made a step yet, and b"" where it had come
        to its end. Takes some 2 ms per megabyte: 10 ms for a picture of 512 px with 100 steps, half
        a second for 10 000 steps and a tuned model. Waits at most 5 s for its writes, in trouble
        not at all; a thread of the caller's may do it.
        Raises JournalError where the session cannot be restored.
        """
        return self._read(session, read_snapshot)

    def request(self, session: str) -> tuple[InFlight, int | None]:
        """What the session was asked for and has not delivered yet, with the request's number; the
        last words where it had come to its end."""
        return self._read(session, read_in_flight)

    def _read(self, session: str, read: Callable[[Path, str], T]) -> T:
        if not self._queue.wait_for(session, PATIENCE):
            raise JournalError(
                self.trouble or "The disk with the journal is too slow.",
                hint="Open the picture again, and look at the daemon's disk.",
            )
        try:
            return read(self._folder, session)
        except Damaged as error:
            self._writer.notes.append(f"Session {session} cannot be resumed: {error.sentence}")
            self._queue.submit(Broken(session))
            raise JournalError(
                "What the daemon has kept of this session is damaged.",
                hint="Open the picture again, and go on from there.",
            ) from error

    # In all.

    def cost(self) -> JournalCost:
        times = sorted(self._writer.commit_ms)
        middle = statistics.median(times) if times else 0.0
        high = times[int(len(times) * 0.95)] if times else 0.0
        writer = self._writer
        return JournalCost(writer.writes, writer.commits, middle, high, self._disk_bytes())

    def close(self) -> None:
        """Everything is on the disk when this returns, unless there is trouble."""
        self._queue.close()
        if self._writer.join(CLOSING):
            self._queue.end()
