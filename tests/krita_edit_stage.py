"""One document's edit between the small Krita and a scripted daemon, and the story's usual acts."""

from __future__ import annotations

from typing import Any

from tests.krita_daemon import Daemon, done, frame, messages
from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, LINE, WIDTH, Canvas, Settings, active_document, grey

fake_krita()
DocumentEdit = load("draggan_wire.workbench.document_edit").DocumentEdit
Exchange = load("draggan_wire.exchange").Exchange
thumbnail = load("pictures").thumbnail
M = messages


class Stage:
    """`raw` is Krita's document, `edit` is what is tested; each act ends with a poll."""

    def __init__(self, raw: Any = None, **settings: Any) -> None:
        self.raw = raw or fake_krita().open(WIDTH, HEIGHT)
        self.settings = Settings(**settings)
        self.daemon = Daemon()
        self.painted: list[Any] = []
        self._exchange = Exchange(self.daemon)
        line = self._exchange.line()
        document = active_document()
        canvas = Canvas(document, lambda image, crop: self.painted.append(image))
        self.edit = DocumentEdit(document, canvas, line, thumbnail)
        self.daemon.connect()
        self.poll()

    def reconnect(self) -> None:
        """To another daemon; the old one stays for the test to look at."""
        self.edit.leave()
        self.daemon = Daemon()
        self._exchange = Exchange(self.daemon)
        self.edit.use(self._exchange.line())
        self.daemon.connect()
        self.poll()

    def poll(self) -> None:
        self._exchange.poll()
        self.edit.poll()
        self.raw.settle()

    def place(self, *lines: Any) -> None:
        self.edit.handles.replace(lines)
        self.poll()

    def press(self) -> None:
        """The button "Drag"."""
        self.edit.drag_or_stop(self.settings)
        self.poll()

    def answer(self, *answers: Any, to: Any) -> None:
        self.daemon.say(*answers, to=to)
        self.poll()

    def rest(self) -> None:
        self.daemon.rest()
        self.poll()

    def begin(self, *lines: Any) -> None:
        """A first drag, up to where the daemon drags."""
        self.place(*(lines or (LINE,)))
        self.press()
        self.answer(M.Opened("s", "t", WIDTH, HEIGHT), M.Ready("s", 31.0, "Good."), to=M.Open)
        self.rest()
        self.save(0)

    def preview(self, step: int, value: int, *points: Any, statuses: Any = ()) -> None:
        self.answer(frame("preview", step, grey(value), *points, statuses=statuses), to=M.Drag)

    def finish(self, step: int, value: int, *points: Any, statuses: Any = ()) -> None:
        result = frame("result", step, grey(value), *points, statuses=statuses)
        self.answer(result, done(step), to=M.Drag)
        self.rest()

    def save(self, step: int) -> None:
        self.answer(M.Saved("s", M.Blob(b"saved at %d" % step), step), to=M.Save)

    def drag(self, step: int, value: int, *points: Any, statuses: Any = ()) -> None:
        """A whole first drag to a result."""
        self.begin()
        self.finish(step, value, *points, statuses=statuses)
        self.save(step)

    def reopen(self, step: int, value: int, *points: Any) -> None:
        """The daemon opens the saved data, with the picture that was read again, at a step."""
        self.settings = self.edit.reopen(self.settings)
        self.poll()
        ready = M.Ready("s", 31.0, "Good.", step, step)
        picture = frame("sought", step, grey(value), *points)
        self.answer(M.Opened("s", "t", WIDTH, HEIGHT), picture, ready, to=M.Open)
        self.rest()

    def sought(self, step: int, value: int, *points: Any) -> None:
        """The answer to a look or a fetch."""
        self.answer(frame("sought", step, grey(value), *points), to=M.Seek)

    @property
    def view(self) -> Any:
        return self.edit.view()

    @property
    def lines(self) -> Any:
        return self.edit.handles.lines

    def last(self, kind: Any) -> Any:
        """The newest message of a kind that the daemon was sent."""
        return self.daemon.said(kind)[-1]
