"""Who computes for the sessions: the interface that the door knows; no sockets, no threads.

The door hands requests over and goes on; a worker computes step by step and reports events. Each
step leaves a record that restores the session to just there, whatever process dies. Steps never
render pictures: each leaves a recipe for its preview, which is cooked only against credit, so the
newest step is what an artist sees and a slow editor costs the drag nothing.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from draggan_wire.errors import Busy, UnknownSession
from draggan_wire.messages import Drag, Frame, Message, ModelInfo, Open, Save, Seek


@dataclass(frozen=True)
class Record:
    """What a turn adds to what is kept of its session; opaque to all but the engine."""

    base: bytes | None = None  # the whole edit; replaces all that was kept before
    step: int | None = None  # the session's present step after the turn
    latent: bytes | None = None  # that step; one for it drops what came later
    resume: bytes | None = None  # the optimiser after that step, only the newest; b"" clears it
    frames: int = 0  # `Frame.seq` reached


@dataclass(frozen=True)
class Snapshot:
    """A session as it was kept, to be restored."""

    base: bytes
    steps: tuple[tuple[int, bytes], ...]
    position: int
    drag: Drag | None = None  # in flight when it was cut off: the original request
    first: int = 0  # the step from which that drag set out
    resume: bytes | None = None
    kept: int = 0  # kept frames up to this step were delivered; later ones are to be sent again
    frames: int = 0
    model: str = ""  # where known, the session goes where that model is in memory already


@dataclass(frozen=True)
class Coding:
    """How a session's frames are to be encoded."""

    previews: str = "raw"  # "raw", "jpeg" or "rows"
    results: str = "raw"  # "raw" or "rows"
    budget: int | None = None  # bytes that a preview should not exceed
    likeness: bool = False  # whether the client takes frames of that kind


@dataclass(frozen=True)
class Turn:
    """What one step of a job leaves behind: messages for the client, and how to draw the step.

    `restored` says that a session being restored stands again: a later failure ends only its drag.
    `refining`, of the last turn, goes on where the job has ended with a `Ready` that is not final:
    while nobody asks anything, of this session or of another. Its last turn has the final one.
    """

    messages: tuple[Message, ...] = ()
    preview: Callable[[], Frame] | None = None
    record: Record | None = None
    restored: bool = False
    refining: Job | None = None


Job = Generator[Turn, None, Turn]  # nothing runs before the first next(); returns the last turn


class Poisoned(Exception):
    """The device is broken for this whole process; its argument says so in a sentence."""


class Engine(Protocol):
    """The computing itself. Jobs look at `stop` after each step and then end in good order. A job
    that refines looks at the `stop` of the opening that it belongs to, and may be closed at any
    time; other jobs of its session run between its turns.

    All is called from one thread, but for `models` and `device`. Raises WireError for what a client
    should be told, MemoryError where there is not enough, Poisoned where only a new process helps.
    """

    def models(self) -> tuple[ModelInfo, ...]: ...

    def device(self) -> str: ...

    def open(self, session: str, request: Open, stop: threading.Event) -> Job: ...

    def restore(self, session: str, snapshot: Snapshot, stop: threading.Event) -> Job:
        """Bring the session back, and go on with the drag that was in flight, if there was."""

    def drag(self, request: Drag, stop: threading.Event) -> Job: ...

    def seek(self, request: Seek) -> Job: ...

    def save(self, request: Save) -> Job: ...

    def code(self, session: str, coding: Coding) -> None:
        """Encode the session's frames so; may come before the first turn of its opening."""

    def close(self, session: str) -> None: ...

    def idle(self, now: float) -> None:
        """Called about once a second, between turns, with a clock that only goes forward."""


@dataclass(frozen=True)
class Event:
    """What the worker says of `session`; `re` is the request that it belongs to.

    `record` is what has to be kept before `message`, or any later one, may be sent. `seconds` is
    computing time that no earlier event has told. After `ends_job` the session takes a new request.
    """

    session: str
    message: Message | None
    re: int | None = None
    ends_session: bool = False
    record: Record | None = None
    seconds: float = 0.0
    ends_job: bool = False


@dataclass(frozen=True)
class WorkerLost:
    """A process ended: its sessions are gone until they are restored, their requests too."""

    sessions: tuple[str, ...]
    culprit: str | None  # the session whose turn it was
    reason: str  # a sentence


@dataclass(frozen=True)
class WorkerHealth:
    name: str  # "cpu", "cuda:0"
    pid: int | None
    state: str  # "starting", "idle", "busy" or "stopped"
    device: str
    sessions: int
    restarts: int
    turn_seconds: float  # age of the turn that is being computed, 0 if none is


class SessionWorker(ABC):
    """Computes for many sessions, one job at a time each. No method waits for a computation.

    `fileno()` becomes readable when `events()` has something, and at the end. Jobs raise Busy while
    the session has another one, and UnknownSession where there is none of that name; while a
    session is being restored one further request waits for it. A session that is refined has none:
    it is at rest for all that is asked, and says its final `Ready` in between.
    """

    @abstractmethod
    def models(self) -> tuple[ModelInfo, ...]:
        """The models that can be opened."""

    @abstractmethod
    def device(self) -> str:
        """What computes, in words."""

    @abstractmethod
    def health(self) -> tuple[WorkerHealth, ...]:
        """One entry for each process or thread that computes."""

    @abstractmethod
    def open(self, session: str, request: Open, re: int | None) -> None: ...

    @abstractmethod
    def restore(self, session: str, snapshot: Snapshot, re: int | None) -> None:
        """Bring a session back; `re` is the request of the drag that goes on, if one does."""

    @abstractmethod
    def drag(self, request: Drag, re: int | None) -> None: ...

    @abstractmethod
    def seek(self, request: Seek, re: int | None) -> None: ...

    @abstractmethod
    def save(self, request: Save, re: int | None) -> None: ...

    @abstractmethod
    def code(self, session: str, coding: Coding) -> None:
        """From its next turn on, encode the session's frames so."""

    @abstractmethod
    def stop(self, session: str) -> bool:
        """Ask the session's job to end after the step it is in, or else what refines it; False
        where nothing runs."""

    @abstractmethod
    def credit(self, session: str, previews: int) -> None: ...

    @abstractmethod
    def withdraw_credit(self, session: str) -> None:
        """Back to none, as on every new connection."""

    @abstractmethod
    def close(self, session: str) -> None:
        """Forget the session; its job ends after the step it is in, without a word."""

    @abstractmethod
    def events(self) -> list[Event | WorkerLost]: ...

    @abstractmethod
    def fileno(self) -> int: ...

    @abstractmethod
    def end(self) -> None:
        """Stop all jobs; no new ones are taken."""

    @abstractmethod
    def ended(self) -> bool:
        """Whether all jobs have come to their end after `end()`."""

    @abstractmethod
    def release(self) -> None:
        """Give back what the worker holds, once it has ended."""


def no_session(session: str) -> UnknownSession:
    return UnknownSession(f"There is no session {session}.", hint="Open the picture again.")


def still_at_work() -> Busy:
    return Busy("The session is still at work.", hint="Wait until it is done, or stop it first.")


def shutting_down() -> Busy:
    return Busy("The daemon is shutting down.", hint="Start it again in a moment.")
