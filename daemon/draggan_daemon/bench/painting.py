"""An engine that paints instead of computing, for benches and fault tests; no torch.

It does all that an engine has to: steps at a rate, kept frames, records from which a session is
restored to just where it was, coded frames. Each step's state follows from the one before and from
how many steps the drag has made, so that a wrongly restored drag shows in what it paints.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from draggan_wire.errors import BadInput, UnknownSession
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
    Point,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
)

from ..engine.coding import JpegLadder, rows
from ..worker import Coding, Job, Record, Snapshot, Turn
from .scene import LABEL_BYTES, Scene, first_state, label, next_state

SIDE = 512
STOPPED = b"stopped"  # after the number of steps, in the last record of a drag
PERIODS = {"fast": 0.001, "steady": 1 / 30}  # seconds a step, by model
OPENING_STEPS = 3
DEFAULT_STEPS = 100
LATENT_BYTES = 28 * 1024  # 14 rows of 512 floats: a real step's size in the journal
RESUME_BYTES = 3 * LATENT_BYTES

_scene = lru_cache(maxsize=4)(Scene)


@dataclass
class Sheet:
    """One session: whose it is, the states of its timeline, and where it stands."""

    mark: bytes
    width: int
    height: int
    period: float
    states: list[bytes]
    position: int = 0
    frames: int = 0
    coding: Coding = field(default_factory=Coding)
    ladder: JpegLadder = field(default_factory=JpegLadder)


class PaintingEngine:
    """Opens pictures (rgb8) and seeds; `periods` are the seconds of a step of each model."""

    def __init__(self, periods: Mapping[str, float] = PERIODS) -> None:
        self._periods = dict(periods)
        self._sheets: dict[str, Sheet] = {}
        self._codings: dict[str, Coding] = {}

    def models(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(name, f"{1000 * period:g} ms a step", SIDE, SIDE)
            for name, period in self._periods.items()
        )

    def device(self) -> str:
        return "a brush"

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        sheet = self._new_sheet(session, request)
        for index in range(1, OPENING_STEPS + 1):
            self._compute(sheet)
            if stop.is_set():
                return Turn((Closed(session, "stopped"),))
            yield Turn((Progress(session, "inverting", index, OPENING_STEPS),))
        record = Record(base=_pack(sheet), step=0)
        said = Ready(session, 30.0, step=sheet.position, last=len(sheet.states) - 1)
        if request.image is not None:
            return Turn((said,), record=record)
        return Turn((self._paint(session, "result"), said), record=record)

    def restore(self, session: str, snapshot: Snapshot, stop: threading.Event) -> Job:
        sheet = _unpack(snapshot.base)
        sheet.period = self._periods.get(snapshot.model, sheet.period)
        sheet.frames = snapshot.frames
        for step, latent in snapshot.steps:
            sheet.states[step:] = [latent[:8]]
        sheet.position = snapshot.position
        sheet.coding = self._codings.pop(session, Coding())
        self._sheets[session] = sheet
        if snapshot.drag is None:
            return Turn(restored=True)
        return (yield from self._continue(session, snapshot, stop))

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        sheet = self._sheet(request.session)
        return (yield from self._drag(request, stop, start=sheet.position, done=0))

    def seek(self, request: Seek) -> Job:
        sheet = self._sheet(request.session)
        if request.step >= len(sheet.states):
            raise BadInput(
                f"There is no step {request.step}.", hint=f"Steps go to {len(sheet.states) - 1}."
            )
        sheet.position = request.step
        frame = self._paint(request.session, "result")
        return Turn((frame,), record=Record(step=request.step, frames=sheet.frames))
        yield

    def save(self, request: Save) -> Job:
        sheet = self._sheet(request.session)
        return Turn((Saved(request.session, Blob(_pack(sheet)), sheet.position),))
        yield

    def code(self, session: str, coding: Coding) -> None:
        if session in self._sheets:
            self._sheets[session].coding = coding
        else:
            self._codings[session] = coding

    def close(self, session: str) -> None:
        self._sheets.pop(session, None)
        self._codings.pop(session, None)

    def idle(self, now: float) -> None:
        """Nothing is held for longer than its session."""

    def step(self, session: str, index: int) -> None:
        """Called before each step of a drag; faults are injected here."""

    def _sheet(self, session: str) -> Sheet:
        if session not in self._sheets:
            raise UnknownSession(f"There is no session {session}.", hint="Open the picture again.")
        return self._sheets[session]

    def _new_sheet(self, session: str, request: Open) -> Sheet:
        width, height = SIDE, SIDE
        if request.image is not None:
            width, height = request.image.width, request.image.height
            if request.image.format != "rgb8" or 3 * width * height < LABEL_BYTES:
                raise BadInput("The brush paints on rgb8 only.", hint="Send another picture.")
        mark = mark_of(request)
        period = self._periods[request.model]
        sheet = Sheet(mark, width, height, period, [first_state(mark)])
        if request.saved is not None:
            sheet = replace(_unpack(bytes(request.saved.data)), period=period)
        sheet.coding = self._codings.pop(session, Coding())
        self._sheets[session] = sheet
        return sheet

    def _continue(self, session: str, snapshot: Snapshot, stop: threading.Event) -> Job:
        """Kept frames that were not delivered, then the steps that are still to be made."""
        drag, sheet = snapshot.drag, self._sheets[session]
        assert drag is not None
        done = sheet.position - snapshot.first
        resume = snapshot.resume or bytes(5)
        if int.from_bytes(resume[:4], "little") != done:
            raise BadInput("The brush has lost its place.", hint="Open the picture again.")
        again = [
            self._paint(session, "kept", step, drag)
            for step in range(snapshot.kept + 1, sheet.position + 1)
            if drag.keep_every and step > snapshot.first
            if (step - snapshot.first) % drag.keep_every == 0
        ]
        yield Turn(tuple(again), restored=True)
        if resume[4:] == STOPPED:  # its last words are all that is missing
            stop.set()
        return (yield from self._drag(drag, stop, start=snapshot.first, done=done))

    def _drag(self, request: Drag, stop: threading.Event, *, start: int, done: int) -> Job:
        session, sheet = request.session, self._sheets[request.session]
        begin, index = time.monotonic(), done
        steps = request.settings.steps or DEFAULT_STEPS
        while index < steps and not stop.is_set():
            index += 1
            self.step(session, index)
            self._compute(sheet)
            state = next_state(sheet.states[sheet.position], index)
            sheet.states[sheet.position + 1 :] = [state]
            sheet.position = start + index
            kept = request.keep_every and index % request.keep_every == 0
            said = (self._paint(session, "kept", sheet.position, request),) if kept else ()
            draw = partial(self._paint, session, "preview", sheet.position, request)
            yield Turn(said, draw, _record(sheet, index))
        reason = "cap" if index == steps else "stopped"
        frame = self._paint(session, "result", sheet.position, request)
        ends = tuple(HandleResult(*point, "stuck", 1.0) for point in frame.points)
        taken = 1000 * (time.monotonic() - begin) / max(1, index - done)
        over = Record(resume=index.to_bytes(4, "little") + STOPPED, frames=sheet.frames)
        return Turn((frame, Done(session, reason, index, taken, ends)), record=over)

    def _compute(self, sheet: Sheet) -> None:
        time.sleep(sheet.period)

    def _paint(
        self, session: str, kind: str, step: int | None = None, drag: Drag | None = None
    ) -> Frame:
        sheet = self._sheets[session]
        step = sheet.position if step is None else step
        pixels = _scene(sheet.width, sheet.height).at(step)
        words = label(sheet.mark, step, sheet.states[step])
        pixels.reshape(-1)[:LABEL_BYTES] = memoryview(words)
        sheet.frames += 1
        coding = sheet.coding.previews if kind == "preview" else sheet.coding.results
        if coding == "jpeg":
            image = sheet.ladder.encode(pixels, "rgb8", sheet.coding.budget)
        else:
            raw = Image("rgb8", sheet.width, sheet.height, pixels.data.cast("B"))
            image = rows(raw) if coding == "rows" else raw
        points = tuple(_moved(drag, step)) if drag else ()
        return Frame(session, sheet.frames, kind, step, image, points)


def mark_of(request: Open) -> bytes:
    """The 8 bytes that tell this opening's pictures from others': of its seed or its pixels."""
    if request.image is not None:
        return hashlib.blake2b(bytes(request.image.data), digest_size=8).digest()
    return (request.seed or 0).to_bytes(8, "little")


def _moved(drag: Drag, step: int) -> Iterator[Point]:
    part = min(1.0, step / DEFAULT_STEPS)
    for (x, y), (goal_x, goal_y) in zip(drag.handles, drag.targets, strict=True):
        yield x + part * (goal_x - x), y + part * (goal_y - y)


def _record(sheet: Sheet, index: int) -> Record:
    """A step as large as a real one's, of bytes that do not compress."""
    state, size = sheet.states[sheet.position], LATENT_BYTES - 8
    padding = hashlib.shake_128(state).digest(size)
    resume = index.to_bytes(4, "little") + bytes(RESUME_BYTES - 4)
    return Record(step=sheet.position, latent=state + padding, resume=resume, frames=sheet.frames)


def _pack(sheet: Sheet) -> bytes:
    """A sheet with all its states: a safetensors head, which tells the door the picture's size."""
    facts = {
        "mark": sheet.mark.hex(),
        "period": sheet.period,
        "position": sheet.position,
        "states": [state.hex() for state in sheet.states],
    }
    head = {
        "__metadata__": {"sheet": json.dumps(facts)},
        "picture": {
            "dtype": "U8",
            "shape": [sheet.height, sheet.width, 3],
            "data_offsets": [0, 3 * sheet.width * sheet.height],
        },
    }
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text


def _unpack(data: bytes) -> Sheet:
    head = json.loads(data[8:])
    height, width, _ = head["picture"]["shape"]
    facts = json.loads(head["__metadata__"]["sheet"])
    states = [bytes.fromhex(state) for state in facts["states"]]
    mark = bytes.fromhex(facts["mark"])
    return Sheet(mark, width, height, facts["period"], states, facts["position"])
