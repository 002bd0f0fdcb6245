"""A real daemon's door whose engine only paints, for the tests of `draggan` as it is typed."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draggan_daemon.config import Config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.worker import Job, Turn
from draggan_wire.messages import (
    Blob,
    Done,
    Drag,
    Frame,
    HandleResult,
    Image,
    Open,
    Ready,
    Save,
    Saved,
    Seek,
)
from PIL import Image as Pil

from draggan.cli import main

from .fake_engine import SAVED, FakeEngine

WIDTH, HEIGHT = 64, 48


class PaintingEngine(FakeEngine):
    """Each step moves every handle by a tenth of its way and paints a column further to the right.

    The mask, the settings and the picture that came are kept for the test to look at. With a
    `verdict` it says how well it knows the picture, and paints what it sees; its `notes` it says
    in any case.
    """

    verdict = ""
    notes: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    drift = 0.0  # of pins, in pixels

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        self.opened = request
        image = request.image
        if request.saved is None or image is None:
            turn = yield from super().open(session, request, stop)
            return replace(
                turn, messages=(*self._likeness(session), *map(self._said, turn.messages))
            )
        self._seq += 1
        shown = replace(image, data=bytes([2]) * len(image.data))
        frame = Frame(session, self._seq, "result", 2, shown)
        return Turn((frame, Ready(session, 30.0, step=2, last=2)))

    def _likeness(self, session: str) -> tuple[Frame, ...]:
        image = self.opened.image
        if not self.verdict or image is None:
            return ()
        channels = len(image.data) // (image.width * image.height)
        small = Image(image.format, 8, 6, bytes([9]) * (48 * channels))
        self._seq += 1
        return (Frame(session, self._seq, "likeness", 0, small),)

    def _said(self, message: Any) -> Any:
        if not isinstance(message, Ready):
            return message
        message = replace(message, notes=self.notes)
        if not self.verdict:
            return message
        return replace(message, verdict=self.verdict, likeness=0.25)

    def _refine(self, session: str, stop: threading.Event) -> Job:
        turn = yield from super()._refine(session, stop)
        return replace(turn, messages=tuple(map(self._said, turn.messages)))

    def seek(self, request: Seek) -> Job:
        self.sought = request
        image = self.opened.image
        assert image is not None
        self._seq += 1
        shown = replace(image, data=bytes([request.step]) * len(image.data))
        frame = Frame(request.session, self._seq, "result", request.step, shown, cut=self.cut)
        return Turn((frame,))
        yield

    def save(self, request: Save) -> Job:
        return Turn((Saved(request.session, Blob(SAVED), self.drag_steps),))
        yield

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        self.asked = request
        reason, index = "reached", 0
        while index < self.drag_steps:
            index += 1
            self._step(request.session)
            kept = ()
            if request.keep_every and index % request.keep_every == 0:
                kept = (self._painted(request, "kept", index),)
            yield Turn(kept, lambda index=index: self._painted(request, "preview", index))
            if stop.is_set():
                reason = "stopped"
                break
        frame = self._painted(request, "result", index)
        pairs = zip(frame.points, frame.statuses, frame.distances, strict=True)
        ends = tuple(HandleResult(*point, status, away) for point, status, away in pairs)
        done = Done(request.session, reason, index, 2.5, ends)
        return Turn((frame, done))

    def _painted(self, request: Drag, kind: str, step: int) -> Frame:
        image = self.opened.image
        assert image is not None
        channels = len(image.data) // (image.width * image.height)
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, channels)
        pixels = pixels.copy()
        pixels[5:9, 10 : 10 + step] = 255
        part = step / 10
        starts, targets = np.array(request.handles), np.array(request.targets)
        points = starts + (targets - starts) * part
        points[:, 0] += self.drift * (starts == targets).all(axis=1)
        away = np.hypot(*(targets - points).T)
        self._seq += 1
        return Frame(
            request.session,
            self._seq,
            kind,
            step,
            Image(image.format, image.width, image.height, pixels.tobytes()),
            tuple((float(x), float(y)) for x, y in points),
            tuple(float(value) for value in away),
            tuple("reached" if value < 0.5 else "moving" for value in away),
            cut=self.cut,
        )


Serve = Callable[..., PaintingEngine]


@contextmanager
def place() -> Iterator[Path]:
    """A folder with a short path, ours alone: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="dg") as name:
        yield Path(name)


@contextmanager
def served(folder: Path) -> Iterator[Serve]:
    """Starts the door, with an engine of the given speed, where `draggan` looks for it."""
    ends: list[Callable[[], None]] = []

    def begin(**how: Any) -> PaintingEngine:
        engine = PaintingEngine(**how)
        worker = InProcessWorker(engine)
        door = Door(worker, Config(), version="0")
        door.bind_local(folder / "d.sock")
        thread = threading.Thread(target=door.serve)
        thread.start()

        def end() -> None:
            door.end()
            thread.join(8)
            worker.release()

        ends.append(end)
        return engine

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DRAGGAND_SOCKET", str(folder / "d.sock"))
        yield begin
        for end in ends:
            end()


def painted_photo(folder: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 200, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Pil.fromarray(noise).save(folder / "photo.png")
    return folder / "photo.png"


def pixels(path: Path) -> np.ndarray:
    with Pil.open(path) as image:
        return np.asarray(image)


def drag(photo: Path, *words: str) -> int:
    out = photo.parent / "out"
    return main(["drag", str(photo), "--model", "tiny", "--out", str(out), *words])
