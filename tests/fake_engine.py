"""An engine without a network: steps that take as long as told, pictures of one colour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from draggan_daemon.worker import Job, Turn
from draggan_wire.errors import BadInput
from draggan_wire.messages import (
    Blob,
    Closed,
    Done,
    Drag,
    Frame,
    HandleResult,
    Image,
    ModelInfo,
    Open,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
)

MODEL = ModelInfo("tiny", "Tiny", 16, 16)
_HEAD = b'{"picture":{"dtype":"U8","shape":[6,8,3],"data_offsets":[0,144]}}'
SAVED = len(_HEAD).to_bytes(8, "little") + _HEAD + bytes(144)  # of a picture of 8 x 6 pixels


class FakeEngine:
    """Opens in `opening_steps`, drags `drag_steps`, each step `seconds` long.

    Every step's colour is its number. `explode` is raised in the third step of every drag. What it
    saves opens at once, at step 2 of 5.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        opening_steps: int = 3,
        drag_steps: int = 10,
        explode: Exception | None = None,
    ) -> None:
        self.seconds, self.explode = seconds, explode
        self.opening_steps, self.drag_steps = opening_steps, drag_steps
        self.steps_taken = 0
        self.previews = 0
        self.turns: list[str] = []  # whose step was computed when
        self.closed: list[str] = []
        self._seq = 0

    def models(self) -> tuple[ModelInfo, ...]:
        return (MODEL,)

    def device(self) -> str:
        return "nothing"

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        if request.saved is not None:
            return Turn((self._frame(session, "result", 2), Ready(session, 30.0, step=2, last=5)))
        for index in range(1, self.opening_steps + 1):
            self._step(session)
            if stop.is_set():
                return Turn((Closed(session, "stopped"),))
            progress = Progress(session, "inverting", index, self.opening_steps)
            yield Turn((progress,), self._preview(session, index))
        return Turn((Ready(session, psnr=30.0),))

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        session, reason = request.session, "cap"
        for index in range(1, self.drag_steps + 1):
            self._step(session)
            if self.explode is not None and index == 3:
                raise self.explode
            kept = ()
            if request.keep_every and index % request.keep_every == 0:
                kept = (self._frame(session, "kept", index),)
            yield Turn(kept, self._preview(session, index))
            if stop.is_set():
                reason = "stopped"
                break
        ends = tuple(HandleResult(x, y, "stuck", 1.0) for x, y in request.handles)
        result = self._frame(session, "result", index)
        return Turn((result, Done(session, reason, index, 1.0, ends)))

    def seek(self, request: Seek) -> Job:
        if request.step > self.drag_steps:
            raise BadInput(f"There is no step {request.step}.", hint="Steps go to 10.")
        return Turn((self._frame(request.session, "result", request.step),))
        yield

    def save(self, request: Save) -> Job:
        return Turn((Saved(request.session, Blob(SAVED), 2),))
        yield

    def close(self, session: str) -> None:
        self.closed.append(session)

    def _step(self, session: str) -> None:
        time.sleep(self.seconds)
        self.steps_taken += 1
        self.turns.append(session)

    def _preview(self, session: str, step: int) -> Callable[[], Frame]:
        def draw() -> Frame:
            self.previews += 1
            return self._frame(session, "preview", step)

        return draw

    def _frame(self, session: str, kind: str, step: int) -> Frame:
        self._seq += 1
        picture = Image("rgb8", 4, 4, bytes([step % 256]) * 48)
        return Frame(session, self._seq, kind, step, picture)
