"""The SessionWorker whose computing is done by a child process; imports neither torch nor draggan.

What the child has is mirrored here, so that a request is taken or refused at once and no call waits
for the child. A child that dies takes its sessions with it: the door is told, and restores them.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from draggan_wire.errors import EngineFailed
from draggan_wire.messages import Drag, Error, Message, ModelInfo, Open, Save, Seek
from draggan_wire.pixels import Bytes

from .bell import Bell
from .keeper import Keeper, Patience
from .pipe_messages import pack, pack_coding, pack_request, pack_restore, unpack_event
from .roster import Roster
from .worker import (
    Coding,
    Event,
    SessionWorker,
    Snapshot,
    WorkerHealth,
    WorkerLost,
    shutting_down,
)

# The current folder is no place to import from: anybody may have put something there.
_MAIN = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "from draggan_daemon.child_process import main; main()"
)


def engine_command(
    *,
    device: str,
    threads: int,
    max_bytes: int,
    inversion_bytes: int | None = None,
    unload_after: float | None = None,
) -> list[str]:
    """What starts a child with the real engine; `device` "auto", "cpu", "cuda" or "cuda:N"."""
    command = [sys.executable, "-c", _MAIN, "--device", device, "--threads", str(threads)]
    command += ["--max-bytes", str(max_bytes)]
    if inversion_bytes is not None:
        command += ["--inversion-bytes", str(inversion_bytes)]
    return command if unload_after is None else [*command, "--unload-after", str(unload_after)]


class ChildWorker(SessionWorker):
    """One child process, started at once by `command` (see `take_arguments`).

    `models` gives the models that can be opened, `device` says what will compute until the child
    says it itself. Several workers may share one `bell`. While the child cannot be started, opening
    is refused and all else waits.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        models: Callable[[], tuple[ModelInfo, ...]],
        device: str = "",
        patience: Patience | None = None,
        bell: Bell | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._models = name, models
        self._own_bell = bell is None
        self._bell = bell or Bell()
        self._changed = threading.Condition()  # its lock is re-entrant
        self._roster = Roster()
        self._events: deque[Event | WorkerLost] = deque()
        self._ending = False
        self._keeper = Keeper(
            command,
            self,
            name=name,
            device=device or name,
            patience=patience or Patience(),
            lock=self._changed,
            clock=clock,
        )
        self._keeper.start()

    # Called by the door.

    def models(self) -> tuple[ModelInfo, ...]:
        return self._models()

    def device(self) -> str:
        return self._keeper.device

    def health(self) -> tuple[WorkerHealth, ...]:
        keeper, age, state = self._keeper, self._keeper.turn_seconds(), self._keeper.state()
        if state == "running":
            state = "idle" if age == 0.0 else "busy"
        sessions = len(self._roster)
        health = WorkerHealth(
            self._name, keeper.pid(), state, keeper.device, sessions, keeper.restarts, age
        )
        return (health,)

    def open(self, session: str, request: Open, re: int | None) -> None:
        with self._changed:
            self._refuse_at_the_end()
            if self._keeper.failures > 1:
                raise _unable()
            number = self._roster.opening(session, re)
            self._keeper.send(pack_request(session, request, re, number))

    def restore(self, session: str, snapshot: Snapshot, re: int | None) -> None:
        with self._changed:
            self._refuse_at_the_end()
            number = self._roster.restoring(session, re, drags=snapshot.drag is not None)
            self._keeper.send(pack_restore(session, snapshot, re, number))

    def drag(self, request: Drag, re: int | None) -> None:
        self._ask(request.session, request, re)

    def seek(self, request: Seek, re: int | None) -> None:
        self._ask(request.session, request, re)

    def save(self, request: Save, re: int | None) -> None:
        self._ask(request.session, request, re)

    def code(self, session: str, coding: Coding) -> None:
        with self._changed:
            if self._roster.has(session):
                self._keeper.send(pack_coding(session, coding))

    def stop(self, session: str) -> bool:
        with self._changed:
            if not self._roster.can_stop(session):
                return False
            self._keeper.send(pack("stop", session=session))
            return True

    def credit(self, session: str, previews: int) -> None:
        with self._changed:
            if self._roster.has(session):
                self._keeper.send(pack("credit", session=session, previews=previews))

    def withdraw_credit(self, session: str) -> None:
        with self._changed:
            if self._roster.has(session):
                self._keeper.send(pack("withdraw", session=session))

    def close(self, session: str) -> None:
        with self._changed:
            if self._roster.has(session):
                self._keeper.send(pack("close", session=session))
            self._roster.remove(session)
            self._events = deque(e for e in self._events if _session(e) != session)

    def events(self) -> list[Event | WorkerLost]:
        with self._changed:
            if self._own_bell:
                self._bell.heard()
            found = list(self._events)
            self._events.clear()
        return found

    def fileno(self) -> int:
        return self._bell.fileno()

    def end(self) -> None:
        with self._changed:
            self._ending = True
            self._keeper.end()

    def ended(self) -> bool:
        return self._keeper.gone()

    def release(self) -> None:
        """Also kills the child if it has not ended."""
        self._keeper.release()
        if self._own_bell:
            self._bell.close()

    def _ask(self, session: str, request: Message, re: int | None) -> None:
        with self._changed:
            self._roster.ask(session, ending=self._ending)
            self._keeper.send(pack_request(session, request, re))

    def _refuse_at_the_end(self) -> None:
        if self._ending:
            raise shutting_down()

    # Called by the keeper.

    def needed(self) -> bool:
        return bool(len(self._roster))

    def heard(self, head: dict[str, Any], buffers: Sequence[Bytes]) -> None:
        event, number = unpack_event(head, buffers)
        with self._changed:
            if self._roster.heard(event, number):
                self._events.append(event)
                self._bell.ring()

    def lost(self, reason: str, culprit: str | None) -> None:
        self._events.append(WorkerLost(self._roster.lose(), culprit, reason))
        self._bell.ring()

    def unable(self, reason: str) -> None:
        problem = _unable()
        for session, re in self._roster.give_up_openings():
            self._keeper.send(pack("close", session=session))
            said = Error(problem.code, problem.sentence, problem.hint, session=session)
            self._events.append(Event(session, said, re, ends_session=True, ends_job=True))
            self._bell.ring()

    def finished(self) -> None:
        self._bell.ring()


def _session(event: Event | WorkerLost) -> str | None:
    return event.session if isinstance(event, Event) else None


def _unable() -> EngineFailed:
    return EngineFailed(
        "The daemon's computing process ends as soon as it starts.",
        hint="The daemon's log says why; it is tried again every half minute.",
        code="worker_failed",
    )
