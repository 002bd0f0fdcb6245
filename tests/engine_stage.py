"""The engine's jobs run by hand, and a journal in memory that keeps their records."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from draggan_daemon.engine import TorchEngine
from draggan_daemon.worker import Job, Record, Snapshot, Turn
from draggan_wire.errors import WireError
from draggan_wire.messages import (
    Drag,
    DragSettings,
    Frame,
    Image,
    Message,
    Open,
    Ready,
    encode,
)

GO = threading.Event()  # never set
RGB = Image("rgb8", 20, 24, np.random.default_rng(0).integers(0, 255, 1440, np.uint8).tobytes())


@dataclass
class Ledger:
    """What a journal holds of one session."""

    base: bytes = b""
    steps: dict[int, bytes] = field(default_factory=dict)
    position: int = 0
    resume: bytes | None = None
    frames: int = 0

    def take(self, turn: Turn) -> Turn:
        if turn.record is not None:
            self._keep(turn.record)
        return turn

    def _keep(self, record: Record) -> None:
        if record.base is not None:
            self.base, self.steps, self.resume = record.base, {}, None
        if record.step is not None:
            self.position = record.step
            if record.latent is not None:
                self.steps = {k: v for k, v in self.steps.items() if k < record.step}
                self.steps[record.step] = record.latent
        if record.resume is not None:
            self.resume = record.resume or None
        self.frames = max(self.frames, record.frames)

    def snapshot(self, drag: Drag | None = None, *, first: int = 0, kept: int = 0) -> Snapshot:
        steps = tuple(sorted(self.steps.items()))
        return Snapshot(
            self.base,
            steps,
            self.position,
            drag,
            first,
            resume=self.resume,
            kept=kept,
            frames=self.frames,
        )


def turns(job: Job, ledger: Ledger | None = None) -> list[Turn]:
    """All turns of a job, each of them kept before the next one is asked for."""
    keep = (ledger or Ledger()).take
    found = []
    while True:
        try:
            found.append(keep(next(job)))
        except StopIteration as end:
            return [*found, keep(end.value)]


def messages(job: Job, ledger: Ledger | None = None) -> list[Message]:
    said = [message for turn in turns(job, ledger) for message in turn.messages]
    for message in said:
        encode(message)  # fit to travel
    return said


def refusal(job: Job, ledger: Ledger | None = None) -> WireError:
    with pytest.raises(WireError) as caught:
        turns(job, ledger)
    return caught.value


def open_seed(
    engine: TorchEngine, session: str = "a", seed: int = 3, ledger: Ledger | None = None
) -> Frame:
    first, ready = messages(engine.open(session, Open("tiny", seed=seed), GO), ledger)
    assert isinstance(first, Frame) and isinstance(ready, Ready)
    return first


def open_picture(engine: TorchEngine, ledger: Ledger, image: Image = RGB) -> None:
    turns(engine.open("a", Open("tiny", image=image, quality="fast"), GO), ledger)


def drag(**how: object) -> Drag:
    settings = DragSettings(steps=how.pop("steps", 3), lr=how.pop("lr", None))  # type: ignore[arg-type]
    return Drag("a", ((10, 10),), ((20, 12),), settings=settings, **how)  # type: ignore[arg-type]
