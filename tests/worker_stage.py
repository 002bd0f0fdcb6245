"""Every kind of worker with an engine that only counts, and all that it has said."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_daemon.child import ChildWorker
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.worker import Event, SessionWorker
from draggan_wire.messages import Drag, Open, Ready

from .child_engine import Counts, command
from .fake_engine import MODEL, FakeEngine

Until = Callable[[list[Event]], bool]


class Heard:
    """A worker with everything that it has said so far."""

    def __init__(self, worker: SessionWorker, engine: FakeEngine | Counts) -> None:
        self.worker, self.engine = worker, engine
        self.events: list[Event] = []

    def listen(self, until: Until, *, seconds: float = 5.0) -> None:
        deadline = time.monotonic() + seconds
        while not until(self.events):
            left = deadline - time.monotonic()
            assert left > 0, f"heard only {self.events}"
            select.select([self.worker.fileno()], [], [], min(left, 0.01))
            self.events += self.worker.events()

    def until(self, kind: type, session: str = "a", *, count: int = 1) -> None:
        self.listen(lambda events: len(self.of(kind, session)) >= count)

    def of(self, kind: type, session: str = "a") -> list:
        return [
            event.message
            for event in self.events
            if event.session == session and isinstance(event.message, kind)
        ]

    def open(self, session: str = "a") -> None:
        self.worker.open(session, Open("tiny", seed=1), 1)
        self.until(Ready, session)

    def end(self) -> None:
        self.worker.end()
        deadline = time.monotonic() + 5
        while not self.worker.ended() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert self.worker.ended()
        self.worker.release()


Start = Callable[..., Heard]


def in_process(folder: Path, **how: object) -> Heard:
    kinds = {"runtime": RuntimeError("secret detail"), "memory": MemoryError()}
    for name in {"explode", "spoil"} & how.keys():
        how[name] = kinds[str(how[name])]
    engine = FakeEngine(**how)  # type: ignore[arg-type]
    return Heard(InProcessWorker(engine), engine)


def in_a_child(folder: Path, **how: object) -> Heard:
    counts = folder / "counts.json"
    worker = ChildWorker(command(counts, **how), name="test", models=lambda: (MODEL,))
    return Heard(worker, Counts(counts))


@pytest.fixture(params=[in_process, in_a_child])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    started: list[Heard] = []

    def begin(**how: object) -> Heard:
        started.append(request.param(tmp_path, **how))
        return started[-1]

    yield begin
    for heard in started:
        heard.end()


def drag(session: str = "a", **how: object) -> Drag:
    return Drag(session, ((1, 1),), ((3, 3),), **how)  # type: ignore[arg-type]
