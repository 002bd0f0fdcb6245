"""An engine without a network: steps that take as long as told, pictures of one colour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from draggan_daemon.worker import Coding, Job, Record, Snapshot, Turn
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
ENDED = b"ended "  # before the reason, in the last record of a drag
SAVED = len(_HEAD).to_bytes(8, "little") + _HEAD + bytes(144)  # of a picture of 8 x 6 pixels


class FakeEngine:
    """Opens in `opening_steps`, drags `drag_steps`, each step `seconds` long.

    Every step's colour is its number. `explode` is raised in the third step of every drag, and at
    once in restoring, which else takes as many turns as opening. What it saves opens at once, at
    step 2 of 5. With `records` each turn tells what has to be kept of it. With `refining_steps` an
    opening is ready before it is final; `spoil` is raised in the second of them.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        opening_steps: int = 3,
        drag_steps: int = 10,
        explode: Exception | None = None,
        records: bool = False,
        refining_steps: int = 0,
        spoil: Exception | None = None,
    ) -> None:
        self.seconds, self.explode, self.records = seconds, explode, records
        self.refining_steps, self.spoil = refining_steps, spoil
        self.opening_steps, self.drag_steps = opening_steps, drag_steps
        self.steps_taken = 0
        self.previews = 0
        self.turns: list[str] = []  # whose step was computed when
        self.closed: list[str] = []
        self.codings: dict[str, Coding] = {}
        self.positions: dict[str, int] = {}
        self.rests = 0
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
        record = self._record(base=b"opened", step=0)
        if not self.refining_steps:
            return Turn((Ready(session, psnr=30.0),), record=record)
        ready = Ready(session, psnr=30.0, final=False)
        likes = (self._frame(session, "likeness", 0),) if self._shows_likeness(session) else ()
        return Turn((*likes, ready), record=record, refining=self._refine(session, stop))

    def _refine(self, session: str, stop: threading.Event) -> Job:
        psnr = 30.0
        for index in range(1, self.refining_steps + 1):
            if stop.is_set():
                break
            self._step(session)
            if self.spoil is not None and index == 2:
                raise self.spoil
            psnr = 30.0 + index
            yield Turn()
        record = self._record(base=b"refined", step=self.positions.get(session, 0))
        return Turn((Ready(session, psnr=psnr),), record=record)

    def restore(self, session: str, snapshot: Snapshot, stop: threading.Event) -> Job:
        for _ in range(self.opening_steps):
            self._step(session)
            if self.explode is not None:
                raise self.explode
            yield Turn()
        yield Turn(restored=True)
        if snapshot.drag is None:
            return Turn()
        if snapshot.resume is not None and snapshot.resume.startswith(ENDED):
            reason = snapshot.resume[len(ENDED) :].decode()
            return Turn(self._last_words(snapshot.drag, snapshot.position, reason))
        return (yield from self._dragged(snapshot.drag, stop, 1 + snapshot.position))

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        return (yield from self._dragged(request, stop, 1))

    def _dragged(self, request: Drag, stop: threading.Event, first: int) -> Job:
        session, reason, index = request.session, "cap", first - 1
        for index in range(first, self.drag_steps + 1):
            self._step(session)
            if self.explode is not None and index == 3:
                raise self.explode
            kept = ()
            if request.keep_every and index % request.keep_every == 0:
                kept = (self._frame(session, "kept", index),)
            self.positions[session] = index
            record = self._record(step=index, latent=bytes([index % 256]) * 8, resume=b"adam")
            yield Turn(kept, self._preview(session, index), record)
            if stop.is_set():
                reason = "stopped"
                break
        said = self._last_words(request, index, reason)
        return Turn(said, record=self._record(resume=ENDED + reason.encode()))

    def _last_words(self, request: Drag, index: int, reason: str) -> tuple[Frame, Done]:
        ends = tuple(HandleResult(x, y, "stuck", 1.0) for x, y in request.handles)
        result = self._frame(request.session, "result", index)
        return result, Done(request.session, reason, index, 1.0, ends)

    def seek(self, request: Seek) -> Job:
        if request.step > self.drag_steps:
            raise BadInput(f"There is no step {request.step}.", hint="Steps go to 10.")
        self.positions[request.session] = request.step
        record = self._record(step=request.step)
        return Turn((self._frame(request.session, "result", request.step),), record=record)
        yield

    def save(self, request: Save) -> Job:
        return Turn((Saved(request.session, Blob(SAVED), 2),))
        yield

    def code(self, session: str, coding: Coding) -> None:
        self.codings[session] = coding

    def close(self, session: str) -> None:
        self.closed.append(session)

    def idle(self, now: float) -> None:
        self.rests += 1

    def _shows_likeness(self, session: str) -> bool:
        coding = self.codings.get(session)
        return coding is not None and coding.likeness

    def _record(self, **what: Any) -> Record | None:
        return Record(**what, frames=self._seq) if self.records else None

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
