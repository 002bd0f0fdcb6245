"""What waits to be written to the journal, and how far it has come; imports the wire only.

Files are written by a thread of their own, so that one session's large picture does not hold up
the others' steps. The writes of one session keep their order.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from ..bell import Bell
from .changes import Change, Opened, Recorded, Removed
from .files import FileStore, StoredFile

STALLED = 30.0  # seconds after which a write that is not done means that the disk hangs
MAX_BACKLOG = 256 << 20  # bytes that wait for a disk in trouble
HANGS = "The disk with the journal does not answer."


@dataclass(eq=False)
class Write:
    """A change, its ticket, and the file that must be there before it."""

    ticket: int
    change: Change
    since: float
    file: Future[StoredFile] | None = None

    @property
    def ready(self) -> bool:
        return self.file is None or (self.file.done() and self.file.exception() is None)

    @property
    def failed(self) -> bool:
        return self.file is not None and self.file.done() and self.file.exception() is not None


class FileThread:
    """Writes files one after the other."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Future, Callable[[], StoredFile]] | None]
        self._jobs = queue.SimpleQueue()
        threading.Thread(target=self._run, name="journal files", daemon=True).start()

    def submit(self, work: Callable[[], StoredFile]) -> Future[StoredFile]:
        future: Future[StoredFile] = Future()
        self._jobs.put((future, work))
        return future

    def end(self) -> None:
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
            del future, work, job  # a picture is not held until the next one comes


class WriteQueue:
    """Between the door's thread, which submits, and the writer's, which takes and settles."""

    def __init__(self, files: FileStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._files, self._clock = files, clock
        self._file_thread = FileThread()
        self._changed = threading.Condition()
        self._waiting: deque[Write] = deque()
        self._unsettled: OrderedDict[int, Write] = OrderedDict()
        self._of_session: Counter[str] = Counter()  # unsettled writes
        self._newest_resume: dict[str, Write] = {}  # of those that are taken together
        self._bytes = 0  # of those that wait
        self._issued = 0
        self._promised = 0  # tickets that count as committed, whatever becomes of them
        self._trouble: str | None = None
        self._torn: list[str] = []
        self._gone: set[str] = set()  # torn, and not begun again since
        self._paused = self._closed = False
        self.bell = Bell()

    # The door's side.

    def submit(self, change: Change) -> int:
        """The change's ticket. Never waits for the disk."""
        with self._changed:
            self._issued = ticket = self._issued + 1
            if not self._closed and not self._is_gone(change):
                self._add(Write(ticket, change, self._clock()))
                self._changed.notify_all()
            if self._closed or self._in_trouble():
                self._promised = ticket
                self._shed()
            return ticket

    @property
    def committed(self) -> int:
        with self._changed:
            if self._in_trouble():
                self._promised = self._issued
            first = next(iter(self._unsettled), self._issued + 1)
            return max(self._promised, first - 1)

    def done(self, ticket: int) -> bool:
        """Whether this very write counts as committed, be earlier ones still under way."""
        with self._changed:
            promised = ticket <= self._promised or self._in_trouble() is not None
            return promised or ticket not in self._unsettled

    @property
    def trouble(self) -> str | None:
        with self._changed:
            return self._in_trouble()

    def wait_for(self, session: str, seconds: float) -> bool:
        """Whether all of the session's writes are done, within that time; at once in trouble."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._of_session[session] or self._is_stuck(session), seconds
            )
            return not self._of_session[session]

    def torn(self) -> list[str]:
        """The sessions whose writes had to be given up since the last call."""
        with self._changed:
            torn, self._torn = self._torn, []
            return torn

    def close(self) -> None:
        """Nothing more is taken; what was submitted is still there to be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # The writer's side.

    @property
    def closed(self) -> bool:
        return self._closed

    def take(self, seconds: float) -> list[Write]:
        """What can be written now, in its order; waits so long for something."""
        with self._changed:
            ready = self._take()
            if not ready and (self._waiting or not self._closed):
                self._changed.wait(seconds)
                ready = self._take()
            return ready

    def pause(self, seconds: float) -> None:
        """Wait, unless the journal is being closed."""
        with self._changed:
            self._paused = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed, seconds)
            self._paused = False

    def put_back(self, batch: list[Write]) -> None:
        """They come again, before all others."""
        with self._changed:
            for write in reversed(batch):
                if write.ticket in self._unsettled:
                    self._waiting.appendleft(write)
                    self._bytes += write.change.size
            self._shed()

    def settle(self, batch: Iterable[Write]) -> None:
        """They are on the disk, or need not be."""
        with self._changed:
            for write in batch:
                self._settle(write)
            self._changed.notify_all()
        self.bell.ring()

    def tell_trouble(self, sentence: str | None) -> None:
        with self._changed:
            if sentence == self._trouble:
                return
            if sentence is not None:
                self._promised = self._issued
            self._trouble = sentence
            self._changed.notify_all()
        self.bell.ring()

    def file_error(self) -> BaseException | None:
        """Why a file could not be written, if one could not."""
        with self._changed:
            errors = (w.file.exception() for w in self._waiting if w.file and w.failed)
            return next(errors, None)

    def write_files_again(self, *, all_of_them: bool = False) -> None:
        """Those that failed; or all, where none is there any more."""
        with self._changed:
            for write in self._waiting:
                if write.failed or all_of_them:
                    self._begin_file(write)

    def give_up(self, session: str) -> None:
        """Nothing of the session is kept any more."""
        with self._changed:
            self._tear(session)

    def end(self) -> None:
        """After the last write."""
        self._file_thread.end()
        self.bell.close()

    @property
    def empty(self) -> bool:
        with self._changed:
            return not self._waiting

    # With the lock held.

    def _add(self, write: Write) -> None:
        session, change = write.change.session, write.change
        self._waiting.append(write)
        self._unsettled[write.ticket] = write
        self._of_session[session] += 1
        self._bytes += change.size
        self._begin_file(write)
        if write.file is not None:  # what came before it may be committed without what comes after
            self._newest_resume.pop(session, None)
        if isinstance(change, Recorded) and change.record.resume is not None:
            earlier = self._newest_resume.get(session)
            if earlier is not None:
                self._strip(earlier)
            self._newest_resume[session] = write

    def _strip(self, write: Write) -> None:
        assert isinstance(write.change, Recorded)
        self._bytes -= write.change.size
        write.change = write.change.superseded()
        self._bytes += write.change.size

    def _begin_file(self, write: Write) -> None:
        content = write.change.pieces()
        if content is not None:
            kind, pieces = content
            write.file = self._file_thread.submit(lambda: self._files.write(kind, pieces))
            write.file.add_done_callback(self._wake)

    def _wake(self, _: object) -> None:
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> list[Write]:
        ready, held = self._split()
        self._waiting = held
        for write in ready:
            self._bytes -= write.change.size
            if self._newest_resume.get(write.change.session) is write:
                del self._newest_resume[write.change.session]
        return ready

    def _split(self) -> tuple[list[Write], deque[Write]]:
        ready: list[Write] = []
        held: deque[Write] = deque()
        behind: set[str] = set()
        for write in self._waiting:
            if write.ready and write.change.session not in behind:
                ready.append(write)
            else:
                behind.add(write.change.session)
                held.append(write)
        return ready, held

    def _settle(self, write: Write) -> None:
        if self._unsettled.pop(write.ticket, None) is not None:
            session = write.change.session
            self._of_session[session] -= 1
            if not self._of_session[session]:
                del self._of_session[session]

    def _in_trouble(self) -> str | None:
        if self._trouble is None and self._unsettled:
            oldest = next(iter(self._unsettled.values()))
            if self._clock() - oldest.since > STALLED:
                return HANGS
        return self._trouble

    def _is_stuck(self, session: str) -> bool:
        if self._paused or self._in_trouble() == HANGS:
            return True
        return any(write.failed for write in self._waiting if write.change.session == session)

    def _is_gone(self, change: Change) -> bool:
        """Whether nothing would come of the change. A session that is torn can be begun anew."""
        if isinstance(change, (Opened, Removed)):
            self._gone.discard(change.session)
        return change.session in self._gone

    def _shed(self) -> None:
        """Where too much waits, the session with the most of it is no longer kept."""
        while self._bytes > MAX_BACKLOG:
            weights: Counter[str] = Counter()
            for write in self._waiting:
                weights[write.change.session] += write.change.size
            self._tear(weights.most_common(1)[0][0])

    def _tear(self, session: str) -> None:
        mine = [write for write in self._waiting if write.change.session == session]
        self._waiting = deque(w for w in self._waiting if w.change.session != session)
        self._newest_resume.pop(session, None)
        for write in mine:
            self._bytes -= write.change.size
            self._settle(write)
            if write.file is not None:
                write.file.add_done_callback(self._discard)
        self._torn.append(session)
        self._gone.add(session)
        self._issued += 1
        self._add(Write(self._issued, Removed(session), self._clock()))

    def _discard(self, file: Future[StoredFile]) -> None:
        if file.exception() is None:
            self._files.remove([file.result().name])
