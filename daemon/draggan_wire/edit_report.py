"""Keeps an edit's status: what has happened, in words and figures for the host; stdlib only."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Callable, Optional, Tuple

from .edit_status import EditStatus, Likeness, words_of
from .edit_task import DragTask
from .errors import WireError
from .messages import Done, Frame, Progress, Ready

# What the engine calls its stages, in a painter's words; any other counts as reading.
STAGES = {"samples": "Looking for something alike", "tuning": "Learning the details"}
READING = "Reading the picture"
READ = "The model has read the picture."
CLOSER = "Looking closer at the picture..."
LEARNING = "The picture can be dragged; the model goes on learning its details."


class Report:
    """The status of one edit; each method is something that has happened to it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.status = EditStatus()
        self.preparing = False  # a picture is opened that nobody waits for
        self._clock = clock
        self._first: Optional[Tuple[int, float]] = None  # seen of this drag: a step and when

    @property
    def at_work(self) -> bool:
        return self.status.state in ("connecting", "opening", "dragging", "stopping")

    def asked(self, *, last: int) -> None:
        """Something new begins; what is on show stays there for now."""
        now = self.status
        self.status = EditStatus(fit=now.fit, likeness=now.likeness, step=now.step, last=last)

    def change(self, state: str, message: str) -> None:
        self.status = replace(
            self.status, state=state, message=message, hint="", fraction=None, error=None
        )
        self.preparing = self.preparing and self.at_work

    def say(self, message: str) -> None:
        """The state is the same, and there is something to say about it."""
        self.status = replace(self.status, message=message)

    def opening(self, message: str) -> None:
        """A session is being opened: nothing is known of its picture yet."""
        self.change("opening", message)
        self.status = replace(self.status, fit=None, likeness=None, step=0, last=0)

    def progress(self, message: Progress) -> None:
        if self.status.state == "opening":
            fraction = min(message.index / message.total, 1.0) if message.total else None
            stage = STAGES.get(message.stage, READING)
            words = f"{stage}: {message.index} of {message.total}"
            if self.status.error is None:  # else a refusal is to be read
                self.status = replace(self.status, message=words)
            self.status = replace(self.status, fraction=fraction)

    def prepared(self) -> None:
        """What was opened ahead waits for a drag."""
        refused = self.status
        learns = self.status.fit is not None and not self.status.fit.final
        self.change("idle", LEARNING if learns else READ)
        if refused.error is not None:
            self.trouble(refused.error)

    def ready(self, message: Ready) -> None:
        self.status = replace(self.status, fit=message, step=message.step, last=message.last)
        self._judge()

    def looks_closer(self) -> bool:
        """Whether a patient drag has still to wait for the model, which then is said."""
        fit = self.status.fit
        if fit is None or fit.final:
            return False
        if (self.status.state, self.status.message) != ("opening", CLOSER):
            self.change("opening", CLOSER)
        return True

    def learned(self, message: Ready) -> bool:
        """The model has learnt all that it could of a picture that can be dragged already; False
        where that was known. Without figures, what was known of it holds."""
        fit = self.status.fit
        if fit is None or fit.final or not message.final:
            return False
        known = fit if message.psnr is None else message
        fit = replace(known, step=fit.step, last=fit.last, final=True)
        self.status = replace(self.status, fit=fit)
        self._judge()
        if self.status.message == LEARNING:
            self.say(READ)
        return True

    def alike(self, frame: Frame) -> None:
        """What the model itself makes of the picture."""
        self.status = replace(self.status, likeness=Likeness(frame.image))
        self._judge()

    def _judge(self) -> None:
        fit, likeness = self.status.fit, self.status.likeness
        if fit is not None and likeness is not None:
            likeness = replace(likeness, verdict=fit.verdict, score=fit.likeness)
            self.status = replace(self.status, likeness=likeness)

    def dragging(self, step: int) -> None:
        """A drag begins at a step, which is the last one now."""
        self._first = None
        self.change("dragging", "Dragging...")
        self.status = replace(self.status, step=step, last=step)

    def step(self, frame: Frame) -> None:
        """A step is on show."""
        self.status = replace(
            self.status,
            step=frame.step,
            points=frame.points,
            distances=frame.distances,
            statuses=frame.statuses,
            cut=frame.cut,
        )

    def dragged(self, frame: Frame, task: DragTask) -> None:
        """A drag has come as far as this."""
        self.step(frame)
        self.status = replace(self.status, last=frame.step, ms_per_step=self._measured(frame.step))
        if self.status.state == "dragging" and frame.distances:
            words = f"Dragging: step {frame.step}, {max(frame.distances):.1f} px to go"
            done = task.fraction(frame.distances)
            self.status = replace(self.status, message=words, fraction=done)

    def done(self, message: Done) -> None:
        self.change("done", words_of(message))
        self.status = replace(
            self.status, outcome=message, fraction=1.0, ms_per_step=message.ms_per_step
        )

    def trouble(self, error: WireError) -> None:
        """Something beside the edit went wrong, which goes on as it was."""
        self.status = replace(
            self.status, message=error.sentence, hint=error.hint, error=error, fraction=None
        )

    def failed(self, error: WireError) -> None:
        """What was asked for has come to nothing; what nobody has asked for is no failure."""
        self.trouble(error)
        self.status = replace(self.status, state="idle" if self.preparing else "failed")
        self.preparing = False

    def forgotten(self) -> None:
        """There is no timeline any more."""
        self.status = replace(self.status, last=0)

    def _measured(self, step: int) -> Optional[float]:
        """Milliseconds per step since the first one of this drag that was seen."""
        now = self._clock()
        if self._first is None:
            self._first = step, now
        first, since = self._first
        return 1000 * (now - since) / (step - first) if step > first else self.status.ms_per_step
