"""The SessionWorker that computes in a thread of its own process; no sockets, no engine's details.

Sessions take turns, step by step. Where none has anything to do, those whose models still learn do,
one turn at a time, so that whatever is asked waits for one turn at most. What a turn leaves is
reported in one order: first the record that restores the session to there, then the messages, then
the preview if one may be drawn.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from draggan_wire.messages import (
    MAX_CREDIT,
    Closed,
    Drag,
    Error,
    ModelInfo,
    Open,
    Save,
    Seek,
    State,
)

from .bell import Bell
from .seats import Seat, Work, as_it_is, costs, in_words, refining, told
from .worker import (
    Coding,
    Engine,
    Event,
    Poisoned,
    SessionWorker,
    Snapshot,
    Turn,
    WorkerHealth,
    WorkerLost,
    no_session,
    shutting_down,
    still_at_work,
)

log = logging.getLogger("draggand.worker")

OPENING_PREVIEW_MS = 250  # between previews of an inversion, which names no interval
REST_SECONDS = 1.0  # between two calls of the engine's `idle`


@dataclass(frozen=True)
class _Busy:
    """What the thread is in since when; no session for the engine's own housekeeping."""

    session: str | None
    since: float = field(default_factory=time.monotonic)


class InProcessWorker(SessionWorker):
    """One thread of this process; sessions take turns, step by step.

    `on_turn` is called in that thread when another session's turn begins, and with None before a
    rest; `on_poison` with the reason when only a new process can compute again.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        name: str = "thread",
        on_turn: Callable[[str | None], None] = lambda session: None,
        on_poison: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._engine, self._name = engine, name
        self._on_turn, self._on_poison = on_turn, on_poison
        self._seats: dict[str, Seat] = {}
        self._leaving: deque[Seat] = deque()  # closed; what the engine has of them goes next
        self._changed = threading.Condition()
        self._events: deque[Event | WorkerLost] = deque()
        self._ending = self._ended = False
        self._busy: _Busy | None = None
        self._whose: str | None = None  # turn it is, as `on_turn` was told
        self._rested = time.monotonic()
        self._bell = Bell()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    # Called by the door.

    def models(self) -> tuple[ModelInfo, ...]:
        return self._engine.models()

    def device(self) -> str:
        return self._engine.device()

    def health(self) -> tuple[WorkerHealth, ...]:
        busy = self._busy
        age = 0.0 if busy is None else time.monotonic() - busy.since
        with self._changed:
            state = "stopped" if self.ended() else "busy" if self._to_do() else "idle"
            sessions = len(self._seats)
        return (WorkerHealth(self._name, os.getpid(), state, self.device(), sessions, 0, age),)

    def open(self, session: str, request: Open, re: int | None) -> None:
        stop = threading.Event()
        job = self._engine.open(session, request, stop)
        interval = OPENING_PREVIEW_MS / 1000
        work = Work(job, re, stop, "opening", interval, stands=False)
        self._take_in(session, work)

    def restore(self, session: str, snapshot: Snapshot, re: int | None) -> None:
        stop = threading.Event()
        job = self._engine.restore(session, snapshot, stop)
        work = Work(job, re, stop, stands=False, restoring=True)
        if (drag := snapshot.drag) is not None:
            work.state, work.interval = "dragging", _seconds(drag.preview_every_ms)
        self._take_in(session, work)

    def drag(self, request: Drag, re: int | None) -> None:
        stop = threading.Event()
        job = self._engine.drag(request, stop)
        interval = _seconds(request.preview_every_ms)
        self._give(request.session, Work(job, re, stop, "dragging", interval))

    def seek(self, request: Seek, re: int | None) -> None:
        self._give(request.session, Work(self._engine.seek(request), re, threading.Event()))

    def save(self, request: Save, re: int | None) -> None:
        self._give(request.session, Work(self._engine.save(request), re, threading.Event()))

    def code(self, session: str, coding: Coding) -> None:
        with self._changed:
            if (seat := self._seats.get(session)) is not None:
                seat.coding = coding

    def stop(self, session: str) -> bool:
        with self._changed:
            seat = self._seats.get(session)
            if seat is None:
                return False
            work = seat.work or seat.refining
            if work is not None and work.restoring and work.state is None:
                work = seat.waiting
            if work is not None:
                work.stop.set()
            return work is not None

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
            if (seat := self._seats.pop(session, None)) is not None:
                seat.closing = True
                seat.halt()
                self._leaving.append(seat)
                left = [event for event in self._events if _session(event) != session]
                self._events = deque(left)
                self._changed.notify()

    def events(self) -> list[Event | WorkerLost]:
        with self._changed:
            found = list(self._events)
            self._events.clear()
            self._bell.heard()
        return found

    def fileno(self) -> int:
        return self._bell.fileno()

    def end(self) -> None:
        with self._changed:
            self._ending = True
            for seat in self._seats.values():
                seat.halt()
            self._changed.notify()

    def ended(self) -> bool:
        return self._ended

    def release(self) -> None:
        if self._ended:
            self._thread.join()
        self._bell.close()

    def _take_in(self, session: str, work: Work) -> None:
        with self._changed:
            self._refuse_at_the_end()
            self._seats[session] = Seat(session, work)
            self._changed.notify()

    def _give(self, session: str, work: Work) -> None:
        with self._changed:
            seat = self._seats.get(session)
            if seat is None:
                raise no_session(session)
            self._refuse_at_the_end()
            if seat.work is None:
                seat.work = work
            elif seat.work.restoring and seat.waiting is None:
                seat.waiting = work
            else:
                raise still_at_work()
            self._changed.notify()

    def _refuse_at_the_end(self) -> None:
        if self._ending:
            raise shutting_down()

    # The thread.

    def _run(self) -> None:
        while (round_ := self._next_round()) is not None:
            for seat in round_:
                self._see_off()
                self._take_turn(seat)
            self._see_off()
            self._rest()
        self._ended = True
        self._bell.ring()

    def _next_round(self) -> list[Seat] | None:
        """Whose turn it is next, nobody's for a while, or None at the end."""
        if not self._to_do():
            self._turn_of(None)
        with self._changed:
            if not self._to_do() and not self._leaving and not self._ending:
                self._changed.wait(REST_SECONDS)
            round_ = self._to_do()
            return None if self._ending and not round_ and not self._leaving else round_

    def _turn_of(self, session: str | None) -> None:
        if session != self._whose:
            self._whose = session
            self._on_turn(session)

    def _at_work(self) -> list[Seat]:
        with self._changed:
            return [seat for seat in self._seats.values() if seat.work is not None]

    def _to_do(self) -> list[Seat]:
        """Whose turn it is: all that are at work, or else one that is refined."""
        with self._changed:
            at_rest = [seat for seat in self._seats.values() if seat.refining is not None]
            first = [] if self._ending else sorted(at_rest, key=lambda seat: seat.refined)[:1]
            return self._at_work() or first

    def _rest(self) -> None:
        if (now := time.monotonic()) - self._rested < REST_SECONDS:
            return
        self._rested, self._busy = now, _Busy(None)
        try:
            self._engine.idle(now)
        except Poisoned as error:
            self._on_poison(str(error))
        except Exception:
            log.exception("the engine could not look after its models")
        self._busy = None

    def _take_turn(self, seat: Seat) -> None:
        work = seat.work or seat.refining
        if seat.closing or work is None:
            return
        if work is seat.refining:
            seat.refined = time.monotonic()
        self._turn_of(seat.session)
        self._busy = _Busy(seat.session)
        self._work_on(seat, work)
        self._busy = None

    def _see_off(self) -> None:
        """Before any turn: a closed session may already be on its way back under its name."""
        while self._leaving:
            self._forget(self._leaving.popleft())

    def _work_on(self, seat: Seat, work: Work) -> None:
        if not work.announced and work.state is not None:
            work.announced = True
            self._post(seat, Event(seat.session, State(seat.session, work.state), work.re))
        try:
            if (coding := seat.coding) is not None:
                seat.coding = None
                self._engine.code(seat.session, coding)
            self._advance(seat, work)
        except Exception as error:
            if isinstance(error, Poisoned):
                self._on_poison(str(error))
            problem = in_words(error)
            if work is seat.refining:
                log.warning("session %s: stays as it is: %s", seat.session, problem.sentence)
                self._refined(seat, work, as_it_is(work))
                return
            said = Error(problem.code, problem.sentence, problem.hint, session=seat.session)
            self._finish(seat, work, Turn((said,)), ends_session=not work.stands)

    def _advance(self, seat: Seat, work: Work) -> None:
        begin = time.perf_counter()
        try:
            turn = next(work.job)
        except StopIteration as end:
            work.seconds += time.perf_counter() - begin
            if work is seat.refining:
                self._refined(seat, work, end.value)
                return
            closed = any(isinstance(message, Closed) for message in end.value.messages)
            self._finish(seat, work, end.value, ends_session=closed)
            return
        work.seconds += time.perf_counter() - begin
        work.stands = work.stands or turn.restored
        work.recipe = turn.preview or work.recipe
        self._post(seat, *told(seat, work, turn))
        if work.recipe is not None and self._may_draw(seat, work):
            begin = time.perf_counter()
            recipe, work.recipe, seat.drawn = work.recipe, None, time.monotonic()
            frame = recipe()
            work.seconds += time.perf_counter() - begin
            self._post(seat, *told(seat, work, Turn((frame,))))

    def _may_draw(self, seat: Seat, work: Work) -> bool:
        """Takes one credit, if there is one and a preview is due."""
        if work.interval is None or time.monotonic() - seat.drawn < work.interval:
            return False
        with self._changed:
            if not seat.credit or seat.closing:
                return False
            seat.credit -= 1
            return True

    def _refined(self, seat: Seat, work: Work, turn: Turn) -> None:
        """The model has learnt what it could; the session may be at work again by now."""
        with self._changed:
            seat.refining = None
            seat.credit -= costs(turn.messages)
        self._post(seat, *told(seat, work, turn))

    def _finish(self, seat: Seat, work: Work, turn: Turn, *, ends_session: bool) -> None:
        """The session is free again before its client can hear the last word and ask for more."""
        with self._changed:
            seat.work, seat.waiting, waiting = seat.waiting, None, seat.waiting
            seat.refining = refining(work, turn) or seat.refining
            seat.credit -= costs(turn.messages)
            if ends_session and self._seats.get(seat.session) is seat:
                del self._seats[seat.session]
        said = told(seat, work, turn, last=True, ends_session=ends_session)
        if ends_session:
            if waiting is not None:  # it fails with what it waited for
                said[:0] = [Event(seat.session, message, waiting.re) for message in turn.messages]
            self._post(seat, *said)
            self._forget(seat)
        else:
            idle = State(seat.session, "idle")
            self._post(seat, *said, *([Event(seat.session, idle)] if work.announced else []))

    def _forget(self, seat: Seat) -> None:
        with self._changed:
            if self._seats.get(seat.session) is seat:
                del self._seats[seat.session]
            jobs = [work.job for work in (seat.work, seat.refining) if work is not None]
            seat.work, seat.refining, gone, seat.gone = None, None, seat.gone, True
        if gone:
            return
        try:
            for job in jobs:
                job.close()
            self._engine.close(seat.session)
        except Poisoned as error:
            self._on_poison(str(error))
        except Exception:
            log.exception("session %s: closing failed", seat.session)

    def _post(self, seat: Seat, *events: Event) -> None:
        with self._changed:
            if events and not seat.closing:
                self._events.extend(events)
                self._bell.ring()


def _session(event: Event | WorkerLost) -> str | None:
    return event.session if isinstance(event, Event) else None


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
