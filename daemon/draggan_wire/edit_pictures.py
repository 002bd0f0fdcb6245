"""What becomes of the pictures that a daemon sends: shown, kept or added, and known again; stdlib.

A picture that the document holds afterwards is told to the timeline: a drag can go on from it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Callable

from .canvas import Canvas
from .edit_report import Report
from .edit_task import DragTask, fingerprint
from .edit_timeline import Timeline
from .messages import Frame


class Pictures:
    """Takes an edit's frames to its canvas, its timeline and its report, in the order that counts.

    The report comes before the canvas, which may ask the status where the handles are. What the
    canvas raises is passed on.
    """

    def __init__(self, canvas: Canvas, timeline: Timeline, report: Report) -> None:
        self._canvas = canvas
        self._timeline = timeline
        self._report = report

    def drag(self, frame: Frame, task: DragTask) -> None:
        """A frame of the drag that runs."""
        self._timeline.last = frame.step
        self._report.dragged(frame, task)
        if frame.kind == "preview":
            self._canvas.show_preview(frame.image)
            return
        self.mark(frame)
        if frame.kind == "kept":
            self._canvas.keep_step(frame.image, frame.step, frame.changed)
            return
        self._timeline.position = frame.step
        self._canvas.clear_preview()
        name = f"DragGAN {task.options.model}, step {frame.step}"
        self._canvas.add_result(frame.image, name, frame.changed)

    def reopened(self, frame: Frame) -> None:
        """The step at which an edit of another day stands."""
        self.mark(frame)
        self.show(frame)

    def look(self, frame: Frame) -> None:
        """A step of the timeline, between drags."""
        self._report.change("done", f"Step {frame.step} of {self._timeline.last}.")
        self.show(frame)

    def show(self, frame: Frame) -> None:
        self._report.step(frame)
        self._canvas.show_preview(frame.image)

    def clear(self) -> None:
        """No preview any more; a canvas that cannot is left alone, its edit has failed already."""
        with suppress(Exception):
            self._canvas.clear_preview()

    def hand_over(self, receive: Callable[[Frame], None], frame: Frame) -> None:
        """A step that was fetched."""
        self.mark(frame)
        receive(frame)

    def mark(self, frame: Frame) -> None:
        """The picture is to be known when the document is read again, where pixels tell it."""
        if self._timeline.options and self._timeline.options.seed is None:
            self._timeline.mark(fingerprint(frame.image, self._timeline.options), frame.step)
