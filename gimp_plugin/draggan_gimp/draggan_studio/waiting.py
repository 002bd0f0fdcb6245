"""Waits for a daemon and tells how far it is, where no dialog does so; standard library only."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Callable, Optional, Sequence

from .draggan_wire.edit_status import EditStatus, words_of
from .draggan_wire.errors import BadInput, ConnectionLost, NoDaemon, WireError
from .draggan_wire.messages import Envelope, Message, Ready, State
from .draggan_wire.workbench.connection import Connection

PAUSE = 0.03  # seconds between two looks
ANSWER = 5.0  # seconds for a daemon to be there, where it is not ours to start
WELCOME = 90.0  # seconds until a connection stands: ssh logs in, a daemon starts from a cold disk
SILENCE = 120.0  # seconds without a word about the edit: a slow step takes some
BY_HAND = (
    "Run `draggand serve`, or `draggan install gimp` where the daemon is installed: then it is "
    "started by itself. The argument 'endpoint' names a daemon elsewhere."
)

Progress = Callable[[Optional[float], str], None]


@dataclass
class Telling:
    """Hands on what is new, and never a smaller fraction than before."""

    progress: Progress
    fraction: Optional[float] = None
    words: str = ""

    def tell(self, fraction: Optional[float], words: str) -> None:
        """`fraction` is in [0, 1], None where it is as it was."""
        if fraction is not None:
            fraction = max(fraction, self.fraction or 0.0)
        else:
            fraction = self.fraction
        if (fraction, words) != (self.fraction, self.words):
            self.fraction, self.words = fraction, words
            self.progress(fraction, words)


@dataclass
class Patience:
    """Polls a connection, and gives up on a daemon that says nothing any more."""

    connection: Connection
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patient: bool = field(default=False, init=False)  # for something that takes long
    heard: float = field(default=0.0, init=False)

    def reach(self, telling: Telling) -> None:
        """Until the daemon has welcomed us; starts the one of this computer where none runs.

        Raises NoDaemon, or what else the connection says.
        """
        begin, starting = self.clock(), False
        while True:
            self.connection.poll()
            view = self.connection.view
            if view.state == "connected":
                return
            telling.tell(None, view.sentence)
            waited = self.clock() - begin
            if view.state == "lost" and view.can_start and not starting:
                starting = True
                self._start()
            elif view.state == "refused":
                raise WireError(view.sentence, hint=view.hint)
            elif view.state == "lost" and (starting or waited > ANSWER):
                raise NoDaemon(view.sentence, hint=view.hint or BY_HAND)
            elif waited > WELCOME:
                raise NoDaemon("No daemon answers.", hint=BY_HAND)
            self.sleep(PAUSE)

    def _start(self) -> None:
        self.connection.start_daemon()
        view = self.connection.view
        if view.state != "starting":  # a hint without a command was meant for a dialog
            raise NoDaemon(view.sentence, hint=view.hint if "`" in view.hint else BY_HAND)

    def work(self, step: Callable[[], bool]) -> None:
        """Calls `step` after each look, until it returns True. Raises ConnectionLost."""
        self.heard = self.clock()
        while True:
            self._listen()
            if step():
                return
            if not self.patient and self.clock() - self.heard > SILENCE:
                raise ConnectionLost(
                    f"The daemon has said nothing about the edit for {SILENCE:.0f} seconds.",
                    hint="Restart it, then run the procedure again.",
                )
            self.sleep(PAUSE)

    def _listen(self) -> None:
        """Only what is about a session counts: a daemon whose engine hangs still talks."""
        for event in self.connection.poll():
            message = event.message if isinstance(event, Envelope) else None
            if getattr(message, "session", None):
                self.heard = self.clock()
                self.patient = self._promises_silence(message)

    def _promises_silence(self, message: Optional[Message]) -> bool:
        """Whether nothing more may be said for as long as it takes: another edit is at work, or
        the picture is learnt further after its first `Ready`."""
        if isinstance(message, State):
            return message.state == "queued" or (self.patient and message.state == "idle")
        return isinstance(message, Ready) and not message.final


# What an edit's status means without a dialog.


def share(status: EditStatus) -> Optional[float]:
    """How much of everything is done: half is for opening the picture, half for the drag."""
    if status.fraction is None:
        return None
    begin = {"opening": 0.0, "dragging": 0.5}.get(status.state)
    return None if begin is None else begin + status.fraction / 2


def outcome_of(status: EditStatus, notes: Sequence[str]) -> str:
    """How it ended, and what there is to know of the picture."""
    ended = words_of(status.outcome) if status.outcome is not None else status.message
    return " ".join((ended, *notes))


def lost() -> ConnectionLost:
    return ConnectionLost(
        "The daemon is gone, and what was under way with it.",
        hint="The image is as it was; run the procedure again.",
    )


def nothing_moved() -> BadInput:
    return BadInput(
        "Nothing has moved, so there is nothing to add.",
        hint="Put the targets farther away from the handles.",
    )
