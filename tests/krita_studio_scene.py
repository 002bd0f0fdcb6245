"""The whole plugin but what is drawn, in the small Krita, with a scripted daemon."""

from __future__ import annotations

from typing import Any

from tests.krita_daemon import done, frame, messages
from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, LINE, WIDTH, grey

fake_krita()
Studio = load("studio").Studio
M = messages
WAY = (12.0, 6.0)


class Desk:
    """Stands for what lies over the canvas."""

    def __init__(self, changed: Any) -> None:
        self.changed = changed
        self.placing = False
        self.showing = False
        self.handles: Any = None
        self.drawn: Any = None
        self.painted: dict[str, Any] = {}
        self.forgotten: list[str] = []

    def turn_to(self, handles: Any, document: Any) -> None:
        self.handles = handles

    def place(self, on: bool) -> None:
        self.placing = on

    def paint(self, key: str, image: Any, crop: Any) -> None:
        self.painted[key] = image

    def draw(self, drawing: Any) -> None:
        self.drawn = drawing

    def forget(self, key: str) -> None:
        self.forgotten.append(key)


class Scene:
    """A studio in a Krita with one document; the timer is the test's."""

    def __init__(self) -> None:
        self.krita = fake_krita()
        self.raw = self.krita.open(WIDTH, HEIGHT)
        self.studio = Studio(version="9.9")
        self.told = 0
        self.studio.on_change(self._hear)

    def _hear(self) -> None:
        self.told += 1

    def wake(self) -> None:
        self.studio.wake()
        self.studio._timer.stop()
        self.daemon.connect()
        self.tick()

    def tick(self) -> None:
        self.studio.tick()
        self.raw.settle()

    @property
    def daemon(self) -> Any:
        return self.studio._connection._client

    @property
    def desk(self) -> Any:
        return self.studio._desk

    def place(self, *lines: Any) -> None:
        """What the pointer does on the canvas."""
        self.desk.handles.replace(lines)
        self.desk.changed("")

    def answer(self, *answers: Any, to: Any) -> None:
        self.daemon.say(*answers, to=to)
        self.tick()

    def begin(self) -> None:
        self.place(LINE)
        self.studio.drag_or_stop()
        self.answer(M.Opened("s", "t", WIDTH, HEIGHT), M.Ready("s", 31.0, "Good."), to=M.Open)
        self.daemon.rest()
        self.tick()
        self.answer(M.Saved("s", M.Blob(b"saved at 0"), 0), to=M.Save)

    def drag(self) -> None:
        """To a result at step 3."""
        self.begin()
        self.answer(frame("result", 3, grey(70), WAY), done(3), to=M.Drag)
        self.daemon.rest()
        self.tick()
        self.answer(M.Saved("s", M.Blob(b"saved at 3"), 3), to=M.Save)
