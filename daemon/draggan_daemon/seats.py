"""What an in-process worker has of each session, and how its turns are reported; no threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from draggan_wire.errors import EngineFailed, WireError
from draggan_wire.messages import FLEETING, Frame, Message, Ready

from .worker import Coding, Event, Job, Poisoned, Turn

log = logging.getLogger("draggand.worker")

ACCOUNT_SECONDS = 1.0  # of computing without a word after which it is told


@dataclass
class Work:
    """One request, being computed or waiting for the session's restoring."""

    job: Job
    re: int | None
    stop: threading.Event
    state: str | None = None  # what the job is called in `state` messages
    interval: float | None = None  # seconds between previews; None: no previews
    stands: bool = True  # the session outlives a failure
    restoring: bool = False
    announced: bool = False
    recipe: Callable[[], Frame] | None = None  # the latest step, not drawn yet
    seconds: float = 0.0  # computed, and not told yet
    ready: Ready | None = None  # of one that refines: what its client knows


@dataclass
class Seat:
    """One session's place in the round."""

    session: str
    work: Work | None = None
    waiting: Work | None = None
    refining: Work | None = None  # goes on while there is no work
    refined: float = 0.0  # when it has had its last turn
    closing: bool = False  # nothing is said of it any more
    gone: bool = False  # from the engine too
    coding: Coding | None = None  # not handed to the engine yet
    credit: int = 0
    drawn: float = 0.0  # when the last preview was drawn

    def halt(self) -> None:
        """Ask all that the session is at, or that waits, to end after its step."""
        for work in (self.work, self.waiting, self.refining):
            if work is not None:
                work.stop.set()


def told(
    seat: Seat, work: Work, turn: Turn, *, last: bool = False, ends_session: bool = False
) -> list[Event]:
    """A turn as it is reported; seconds wait a while where it has nothing to say."""
    silent = last or turn.record is not None or work.seconds > ACCOUNT_SECONDS
    said = turn.messages or ((None,) if silent else ())
    if not said:
        return []
    seconds, work.seconds = work.seconds, 0.0
    events = [Event(seat.session, said[0], work.re, record=turn.record, seconds=seconds)]
    events += [Event(seat.session, message, work.re) for message in said[1:]]
    if last:
        events[-1] = replace(events[-1], ends_session=ends_session, ends_job=True)
    return events


def refining(work: Work, turn: Turn) -> Work | None:
    """What goes on after the last turn of an opening, under its number, if it does."""
    known = [message for message in turn.messages if isinstance(message, Ready)]
    if turn.refining is None or not known:
        return None
    return Work(turn.refining, work.re, work.stop, ready=known[-1])


def as_it_is(work: Work) -> Turn:
    """The last turn of what refined and cannot go on."""
    assert work.ready is not None
    return Turn((replace(work.ready, final=True),))


def costs(messages: tuple[Message, ...]) -> int:
    """Credits for what is sent with or without any."""
    return sum(isinstance(message, Frame) and message.kind in FLEETING for message in messages)


def in_words(error: Exception) -> WireError:
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
    if isinstance(error, Poisoned):
        return EngineFailed(
            "The device that computes has failed.",
            hint="Restart the daemon; the computer too if that does not help.",
            code="device_failed",
        )
    return EngineFailed(
        f"The engine failed unexpectedly ({type(error).__name__}).",
        hint="The daemon's log has the details; open the picture again.",
    )
