"""One drag of a session, step by step, from its start or from where it was cut off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from draggan_wire.messages import Done, Drag, Frame

from draggan.drag import DragStep
from draggan.resume import Resume

from ..worker import Job, Poisoned, Turn
from .edit import Edit, drag_options, plane
from .failures import once_more, through_shortage
from .frames import Handles, account, frame
from .records import done_record, idle_record, step_record


class DragJob:
    """A drag that sets out from step `first` of the timeline.

    `resume`: where it was cut off, the timeline has all steps up to there. Kept frames up to step
    `kept` have been sent. `make_room` is called when memory runs out.
    """

    def __init__(
        self,
        edit: Edit,
        request: Drag,
        make_room: Callable[[], None],
        *,
        first: int,
        resume: Resume | None = None,
        kept: int = 0,
    ) -> None:
        self.edit, self.request, self.make_room = edit, request, make_room
        self.first, self.resume, self.kept = first, resume, max(kept, first)
        self.begin = first + (0 if resume is None else resume.index)
        self.reached = self.begin  # the newest step
        self.seconds = 0.0

    def run(self, stop: threading.Event) -> Job:
        """Ends with the result, also when it is stopped; after an error the edit is idle again."""
        try:
            yield from self._kept_again(self.begin)
            step = yield from self._taken(stop)
            return self._ended(step)
        except Poisoned:
            raise  # what is kept must stay as it is: the drag goes on elsewhere
        except Exception:
            yield Turn(record=idle_record(self.edit))
            raise

    def over(self, done: Done) -> Job:
        """What remains to be said of a drag that had come to its end when it was cut off."""
        last = self.first + done.steps
        yield from self._kept_again(last - 1)
        return self._told(last, done)

    def _taken(self, stop: threading.Event) -> Generator[Turn, None, DragStep]:
        """All steps but the last one, which is returned."""
        steps = through_shortage(self._steps, self.make_room, lambda: self.reached)
        while True:
            begin = time.perf_counter()
            step = next(steps)  # the last one is `finished`
            self.seconds += time.perf_counter() - begin
            self.reached = step.index
            if step.finished or stop.is_set():
                return step
            yield self._turn(step)

    def _steps(self) -> Iterator[DragStep]:
        request, editor = self.request, self.edit.editor
        if self.resume is None:
            editor.seek(self.first)
        for step in editor.drag(
            request.handles,
            request.targets,
            mask=None if request.mask is None else plane(request.mask),
            options=drag_options(request.settings),
            resume=self.resume,
            first=self.first,
        ):
            self.resume = step.resume or self.resume
            yield step

    def _kept_again(self, last: int) -> Iterator[Turn]:
        """The kept frames up to step `last` that have not been delivered."""
        for index in range(self.kept + 1, last + 1):
            if self._is_kept(index):
                yield Turn((self._kept(index, None),))

    def _turn(self, step: DragStep) -> Turn:
        """A step: its preview's recipe and, every so often, the step as a kept frame."""
        draw = partial(self._frame, "preview", step.index, Handles.of(step))
        due = step.index > self.kept and self._is_kept(step.index)
        said = (self._kept(step.index, Handles.of(step)),) if due else ()
        return Turn(said, draw, step_record(self.edit, step, self.first))

    def _is_kept(self, index: int) -> bool:
        every = self.request.keep_every
        return every is not None and (index - self.first) % every == 0

    def _kept(self, index: int, handles: Handles | None) -> Frame:
        self.kept = index
        return self._frame("kept", index, handles)

    def _ended(self, step: DragStep) -> Turn:
        ms = 1000 * self.seconds / max(1, step.index - self.begin)
        done = account(self.edit.session, step, taken=step.index - self.first, ms_per_step=ms)
        return self._told(step.index, done)

    def _told(self, index: int, done: Done) -> Turn:
        """The last turn: the result and the account."""
        result = self._frame("result", index, Handles.at_end(done))
        return Turn((result, done), record=done_record(self.edit, index, self.first, done))

    def _frame(self, kind: str, index: int, handles: Handles | None) -> Frame:
        side = self.request.preview_max_side if kind == "preview" else None
        paste = self.request.paste
        draw = partial(frame, self.edit, kind, index, handles, paste=paste, max_side=side)
        return once_more(draw, self.make_room)
