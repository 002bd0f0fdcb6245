"""The thread that writes the journal; imports the wire and sqlite3 only.

All that waits goes into one transaction. A NORMAL commit is in the log and outlives the process; a
FULL one is on the disk, with all before it. FULL are the commits with a durable change, and one at
least every two seconds while there are changes. The log is worked into the database when nothing
is being written, or when it has grown too long. A file is removed only once nothing on the disk
names it any more.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from .bounds import Bounds
from .changes import Removed
from .disk import Disk
from .rows import Row
from .schema import WAL_BYTES, is_damage
from .values import JournalError
from .write_queue import Write, WriteQueue

log = logging.getLogger("draggand.journal")

SYNC_EVERY = 2.0
IDLE = 1.0  # seconds without a write after which the log is worked into the database
SWEEP_EVERY = 30.0
RETRY_AFTER = 10.0
_PAGES_OF_A_WRITE = 6 * 4096  # of the log, beside the write's own bytes
_FREE_PAGES = 4096  # that the database may keep for later
_HELD = 1000  # commits whose times are remembered


class Unkeepable(Exception):
    """A change that can never be written; its argument is the session."""


class Writer:
    """Owns the disk from its start until `join` returns. `lost` are sessions let go of."""

    def __init__(self, folder: Path, disk: Disk, queue: WriteQueue, bounds: Bounds) -> None:
        self._folder, self._disk, self._queue, self._bounds = folder, disk, queue, bounds
        self.notes = list(disk.notes)
        self.lost: deque[str] = deque()
        self.commit_ms: deque[float] = deque(maxlen=_HELD)
        self.writes = self.commits = 0
        self._released: set[str] = set()  # files that the database on the disk may still name
        self._file_bytes = sum(file.size for row in disk.rows.values() for file in row.files())
        self._unsynced_since: float | None = None
        self._log_bytes = WAL_BYTES // 2  # what an earlier daemon has left is not known
        self._wrote = self._swept = self._tried = time.monotonic()
        bounds.begin(disk.rows.values())
        self._reopen: Exception | None = None  # why the disk must be opened again
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Lets go of what is too old or too much, and begins. Raises OSError or sqlite3.Error."""
        self._sweep()
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Whether the thread came to its end within that time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    # The thread.

    def _run(self) -> None:
        while not (self._queue.closed and self._queue.empty):
            self._turn()
            if self._queue.closed and self._queue.trouble:
                break  # it was tried once more
        self._attempt(self._work_in_all, [])
        self._disk.close()

    def _turn(self) -> None:
        if self._reopen is not None:
            self._attempt(self._begin_anew, [])
        else:
            batch = self._queue.take(self._until_next())
            self._attempt(partial(self._round, batch), batch)

    def _until_next(self) -> float:
        """Seconds until something is to be done even if nothing is written."""
        if self._log_bytes or self._released:
            return IDLE
        return RETRY_AFTER if self._queue.trouble else SWEEP_EVERY

    def _attempt(self, work: Callable[[], None], batch: list[Write]) -> None:
        """Does it, or says in words why it cannot be done and waits before the next attempt."""
        try:
            work()
        except Unkeepable as error:
            self._roll_back(batch)
            log.error("session %s: cannot be kept: %r", error, error.__cause__)
            self._queue.give_up(str(error))
        except Exception as error:
            self._roll_back(batch)
            self._suffer(error)

    def _roll_back(self, batch: list[Write]) -> None:
        with suppress(sqlite3.Error):
            self._disk.database.execute("ROLLBACK")
        self._queue.put_back(batch)

    def _suffer(self, error: Exception) -> None:
        if is_damage(error) or isinstance(error, FileNotFoundError):
            log.error("%s", _in_words(error))
            self._reopen = error  # without delay
        else:
            self._say(_in_words(error))
            self._queue.pause(RETRY_AFTER)

    def _say(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._queue.trouble:
            log.error("%s", trouble)
        self._queue.tell_trouble(trouble)

    def _begin_anew(self) -> None:
        """Another disk in the same place. Sessions that it does not know are not kept any more."""
        self._disk.close()
        known = set(self._disk.rows)
        self._disk = Disk(self._folder, distrust=is_damage(self._reopen))
        self.notes += self._disk.notes
        self.lost += known - set(self._disk.rows)
        self._bounds.begin(self._disk.rows.values())
        self._file_bytes = sum(f.size for row in self._disk.rows.values() for f in row.files())
        self._released.clear()
        self._reopen = None
        self._queue.write_files_again(all_of_them=True)

    def _round(self, batch: list[Write]) -> None:
        if batch:
            self._commit(batch)
            self._trim()
        now = time.monotonic()
        if self._log_bytes > WAL_BYTES or (self._log_bytes and now - self._wrote >= IDLE):
            self._work_in()
        if now - self._swept > SWEEP_EVERY:
            self._swept = now
            self._sweep()
        self._mend_files(now)

    def _sweep(self) -> None:
        for session in self._bounds.expired():
            self._let_go(session, "nobody came back to it")
        self._trim()

    def _mend_files(self, now: float) -> None:
        """Trouble is over once neither the database nor any file fails."""
        error = self._queue.file_error()
        if isinstance(error, FileNotFoundError):
            raise error
        self._say(None if error is None else _in_words(error))
        if error is not None and now - self._tried > RETRY_AFTER:
            self._tried = now
            self._queue.write_files_again()

    def _commit(self, batch: list[Write]) -> None:
        began = time.perf_counter()
        durable = any(write.change.durable for write in batch) or self._sync_is_due()
        if durable:
            self._disk.check()
        after = self._transact(batch, durable)
        aside = {write.change.session for write in batch if write.change.aside}
        for session, row in after.items():
            self._replace(session, row, aside=session in aside)
        self._wrote = time.monotonic()
        self._log_bytes += sum(_in_the_log(write) for write in batch)
        if durable:
            self._synced()
        elif self._unsynced_since is None:
            self._unsynced_since = self._wrote
        self.writes += len(batch)
        self.commits += 1
        self.commit_ms.append((time.perf_counter() - began) * 1000)
        self._queue.settle(batch)

    def _sync_is_due(self) -> bool:
        since = self._unsynced_since
        return since is not None and time.monotonic() - since >= SYNC_EVERY

    def _transact(self, batch: Sequence[Write], durable: bool) -> dict[str, Row | None]:
        """Everything in one transaction; the rows as they are after it."""
        database, tables = self._disk.database, self._disk.tables
        after: dict[str, Row | None] = {}
        database.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        database.execute("BEGIN IMMEDIATE")
        for write in batch:
            session, stored = write.change.session, write.file.result() if write.file else None
            row = after[session] if session in after else self._disk.rows.get(session)
            try:
                after[session] = write.change.apply(row, tables, stored)
            except (OSError, sqlite3.OperationalError):
                raise
            except Exception as error:
                if is_damage(error):
                    raise
                raise Unkeepable(session) from error
        for row in after.values():
            if row is not None:
                tables.put(row)
        database.execute("COMMIT")
        return after

    def _replace(self, session: str, row: Row | None, *, aside: bool) -> None:
        """Take over a row that is committed; files that it does not name any more can go."""
        before = self._disk.rows.pop(session, None)
        if row is not None:
            self._disk.rows[session] = row
        old = {file.name: file.size for file in (before.files() if before else ())}
        new = {file.name: file.size for file in (row.files() if row else ())}
        self._file_bytes += sum(new.values()) - sum(old.values())
        released = old.keys() - new.keys()
        if aside:
            self._disk.set_aside(released)
        else:
            self._released |= released
        self._bounds.note(session, row)

    def _synced(self) -> None:
        self._unsynced_since = None
        self._disk.files.remove(self._released)
        self._released.clear()

    def _work_in(self) -> None:
        """PASSIVE: the log's pages go into the database, and the log starts over."""
        self._disk.check()
        execute = self._disk.database.execute
        _, pages, done = execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._log_bytes = 0 if done == pages else WAL_BYTES // 2  # a reader holds it
        if done == pages:
            self._synced()
            free = execute("PRAGMA freelist_count").fetchone()[0] - _FREE_PAGES
            if free > 0:
                script = f"PRAGMA incremental_vacuum({min(free, _FREE_PAGES)})"
                self._disk.database.executescript(script)  # `execute` would free one page only
                self._log_bytes = 1  # once more, for the rest
            elif time.monotonic() - self._wrote >= IDLE:
                execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # nothing is left to copy

    def _work_in_all(self) -> None:
        self._disk.database.execute("PRAGMA synchronous=FULL")
        self._disk.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._synced()

    def _trim(self) -> None:
        while self._live_bytes() > self._bounds.max_bytes:
            session = self._bounds.first_to_go(self._disk.rows, self._disk.tables.weight)
            if session is None:
                return
            self._let_go(session, "the journal is full")

    def _live_bytes(self) -> int:
        """Without the log, and without what later writes will take up again."""
        names = ("page_count", "freelist_count", "page_size")
        read = (self._disk.database.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        pages, free, size = read
        return int((pages - free) * size) + self._file_bytes

    def _let_go(self, session: str, reason: str) -> None:
        log.warning("session %s is no longer kept: %s", session, reason)
        after = self._transact([Write(0, Removed(session), 0.0)], True)
        self._replace(session, after[session], aside=False)
        self._synced()
        self._log_bytes += _PAGES_OF_A_WRITE
        self.lost.append(session)
        self._queue.bell.ring()


def _in_the_log(write: Write) -> int:
    """Bytes, nearly."""
    return _PAGES_OF_A_WRITE + (0 if write.file else write.change.size)


def _in_words(error: BaseException) -> str:
    """A sentence for people; what fails is the disk's affair, never a session's content."""
    number, text = getattr(error, "errno", None), str(error)
    if number in (errno.ENOSPC, errno.EDQUOT) or "full" in text:
        what = "The disk with the journal is full."
    elif number == errno.EFBIG:
        what = "The journal may not write files as large as it needs."
    elif number in (errno.EROFS, errno.EACCES, errno.EPERM) or "readonly" in text:
        what = "The journal's folder cannot be written."
    elif number == errno.ENOENT or "unable to open" in text:
        what = "The journal's folder is gone."
    elif isinstance(error, Exception) and is_damage(error):
        what = "The journal's database is damaged."
    elif isinstance(error, JournalError):
        what = error.sentence
    else:
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, sqlite3.Error):
            reason = text
        what = f"The journal cannot be written: {reason}."
    return f"{what} Until that is mended, sessions do not outlive a crash."
