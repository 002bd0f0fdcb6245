"""The SessionWorker that computes in a thread of its own process; no sockets, no engine's details.

Sessions take turns, step by step. What a turn leaves is reported in one order: first the record
that restores the session to there, then the messages, then the preview if one may be drawn.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from draggan_wire.errors import EngineFailed, WireError
from draggan_wire.messages import (
    MAX_CREDIT,
    Closed,
    Drag,
    Error,
    Frame,
    Message,
    ModelInfo,
    Open,
    Save,
    Seek,
    State,
)

from .worker import (
    Coding,
    Engine,
    Event,
    Job,
    SessionWorker,
    Snapshot,
    WorkerHealth,
    WorkerLost,
    no_session,
    shutting_down,
    still_at_work,
)

log = logging.getLogger("draggand.worker")

OPENING_PREVIEW_MS = 200  # between previews of an inversion, which names no interval


@dataclass
class _Seat:
    """One session's place in the round."""

    session: str
    job: Job | None = None
    re: int | None = None
    state: str | None = None  # what the job is called in `state` messages
    announced: bool = False
    closing: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    credit: int = 0
    interval: float | None = None  # seconds between previews; None: no previews
    drawn: float = 0.0  # when the last preview was drawn
    recipe: Callable[[], Frame] | None = None  # the latest step, not drawn yet


class InProcessWorker(SessionWorker):
    """One thread of this process; sessions take turns, step by step."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seats: dict[str, _Seat] = {}
        self._changed = threading.Condition()
        self._events: deque[Event | WorkerLost] = deque()
        self._ending = False
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    # Called by the door.

    def models(self) -> tuple[ModelInfo, ...]:
        return self._engine.models()

    def device(self) -> str:
        return self._engine.device()

    def health(self) -> tuple[WorkerHealth, ...]:
        busy = bool(self._at_work())
        state = "busy" if busy else "idle"
        count = len(self._seats)
        return (WorkerHealth("thread", os.getpid(), state, self.device(), count, 0, 0.0),)

    def open(self, session: str, request: Open, re: int | None) -> None:
        with self._changed:
            seat = _Seat(session)
            job = self._engine.open(session, request, seat.stop)
            self._start(seat, job, re, "opening", OPENING_PREVIEW_MS)
            self._seats[session] = seat

    def restore(self, session: str, snapshot: Snapshot, re: int | None) -> None:
        with self._changed:
            seat = _Seat(session)
            job = self._engine.restore(session, snapshot, seat.stop)
            drag = snapshot.drag
            state, interval = (None, None) if drag is None else ("dragging", drag.preview_every_ms)
            self._start(seat, job, re, state, interval)
            self._seats[session] = seat

    def drag(self, request: Drag, re: int | None) -> None:
        with self._changed:
            seat = self._free_seat(request.session)
            job = self._engine.drag(request, seat.stop)
            self._start(seat, job, re, "dragging", request.preview_every_ms)

    def seek(self, request: Seek, re: int | None) -> None:
        with self._changed:
            seat = self._free_seat(request.session)
            self._start(seat, self._engine.seek(request), re, None, None)

    def save(self, request: Save, re: int | None) -> None:
        with self._changed:
            seat = self._free_seat(request.session)
            self._start(seat, self._engine.save(request), re, None, None)

    def code(self, session: str, coding: Coding) -> None:
        self._engine.code(session, coding)

    def stop(self, session: str) -> bool:
        with self._changed:
            seat = self._seats.get(session)
            if seat is None or seat.job is None:
                return False
            seat.stop.set()
            return True

    def credit(self, session: str, previews: int) -> None:
        with self._changed:
            if (seat := self._seats.get(session)) is not None:
                seat.credit = min(MAX_CREDIT, seat.credit + previews)

    def withdraw_credit(self, session: str) -> None:
        with self._changed:
            if (seat := self._seats.get(session)) is not None:
                seat.credit = 0

    def close(self, session: str) -> None:
        with self._changed:
            if (seat := self._seats.get(session)) is not None:
                seat.closing = True
                seat.stop.set()
                self._changed.notify()

    def events(self) -> list[Event | WorkerLost]:
        with self._changed:
            found = list(self._events)
            self._events.clear()
            while self._heard():
                pass
        return found

    def fileno(self) -> int:
        return self._ear.fileno()

    def end(self) -> None:
        with self._changed:
            self._ending = True
            for seat in self._seats.values():
                seat.stop.set()
            self._changed.notify()

    def ended(self) -> bool:
        return not self._thread.is_alive()

    def release(self) -> None:
        self._bell.close()
        self._ear.close()

    def _free_seat(self, session: str) -> _Seat:
        seat = self._seats.get(session)
        if seat is None or seat.closing:
            raise no_session(session)
        if seat.job is not None:
            raise still_at_work()
        return seat

    def _start(
        self, seat: _Seat, job: Job, re: int | None, state: str | None, interval_ms: int | None
    ) -> None:
        if self._ending:
            raise shutting_down()
        seat.job, seat.re, seat.state, seat.recipe = job, re, state, None
        seat.announced = state is None
        seat.interval = None if interval_ms is None else interval_ms / 1000
        seat.stop.clear()
        self._changed.notify()

    def _heard(self) -> bytes:
        try:
            return self._ear.recv(4096)
        except BlockingIOError:
            return b""

    # The thread.

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (round_ := self._at_work()) and not self._ending:
                    self._changed.wait()
            if not round_:
                self._ring()
                return
            for seat in round_:
                self._take_turn(seat)

    def _at_work(self) -> list[_Seat]:
        return [seat for seat in self._seats.values() if seat.job is not None or seat.closing]

    def _take_turn(self, seat: _Seat) -> None:
        if seat.closing:
            self._forget(seat)
            return
        if not seat.announced and seat.state is not None:
            seat.announced = True
            self._tell(seat, State(session=seat.session, state=seat.state))
        try:
            self._advance(seat)
        except Exception as error:
            problem = _in_words(error)
            said = Error(problem.code, problem.sentence, problem.hint, session=seat.session)
            self._finish(seat, (said,), ends_session=seat.state == "opening")

    def _advance(self, seat: _Seat) -> None:
        assert seat.job is not None
        try:
            turn = next(seat.job)
        except StopIteration as end:
            said = end.value.messages
            self._finish(seat, said, ends_session=any(isinstance(m, Closed) for m in said))
            return
        for message in turn.messages:
            self._tell(seat, message)
        seat.recipe = turn.preview or seat.recipe
        if self._may_draw(seat) and seat.recipe is not None:
            recipe, seat.recipe, seat.drawn = seat.recipe, None, time.monotonic()
            self._tell(seat, recipe())

    def _may_draw(self, seat: _Seat) -> bool:
        """Takes one credit, if there is one and a preview is due."""
        if seat.interval is None or seat.recipe is None:
            return False
        if time.monotonic() - seat.drawn < seat.interval:
            return False
        with self._changed:
            if not seat.credit or seat.closing:
                return False
            seat.credit -= 1
            return True

    def _finish(self, seat: _Seat, said: tuple[Message, ...], *, ends_session: bool) -> None:
        """The session is free again before its client can hear the last word and ask for more."""
        with self._changed:
            seat.job, seat.recipe = None, None
            re, announced = seat.re, seat.announced and seat.state is not None
        for message in said[:-1]:
            self._post(Event(seat.session, message, re))
        self._post(Event(seat.session, said[-1], re, ends_session))
        if ends_session:
            self._forget(seat)
        elif announced:
            self._post(Event(seat.session, State(session=seat.session, state="idle")))

    def _forget(self, seat: _Seat) -> None:
        with self._changed:
            self._seats.pop(seat.session, None)
            job, seat.job = seat.job, None
        try:
            if job is not None:
                job.close()
            self._engine.close(seat.session)
        except Exception:
            log.exception("session %s: closing failed", seat.session)

    def _tell(self, seat: _Seat, message: Message) -> None:
        self._post(Event(seat.session, message, seat.re))

    def _post(self, event: Event) -> None:
        with self._changed:
            self._events.append(event)
        self._ring()

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # enough unheard rings already
            self._bell.send(b"!")


def _in_words(error: Exception) -> WireError:
    """What a client is told: never a traceback, which goes to the log."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, MemoryError):
        return EngineFailed(
            "There is not enough memory for this picture.",
            hint="Select a smaller region, or close other sessions.",
            code="out_of_memory",
        )
    log.error("a job failed", exc_info=error)
    return EngineFailed(
        f"The engine failed unexpectedly ({type(error).__name__}).",
        hint="The daemon's log has the details; open the picture again.",
    )
