"""One image's edit between a GIMP image in memory and a scripted daemon, and the usual acts."""

from __future__ import annotations

from typing import Any

from tests.edit_stage import Clock, FakeClient
from tests.fake_gimp_document import FakeDocument, Image
from tests.gimp_plugin import load

canvas_module = load("canvas")
client = load("draggan_wire.client")
errors = load("draggan_wire.errors")
M = load("draggan_wire.messages")
DocumentEdit = load("draggan_wire.workbench.document_edit").DocumentEdit
Ending = load("ending").Ending
Exchange = load("draggan_wire.exchange").Exchange
GimpCanvas = canvas_module.GimpCanvas
HandleLine = load("draggan_wire.workbench.handles").HandleLine
Settings = load("draggan_wire.workbench.settings").Settings
Strokes = load("draggan_wire.workbench.strokes").Strokes

LINE = HandleLine((5.0, 5.0), (20.0, 5.0))
FURTHER = HandleLine((5.0, 15.0), (20.0, 15.0))
WAY = (12.0, 6.0)
MODEL = M.ModelInfo("critters", "Critters", 256, 256)
GONE = client.Lost(errors.NoDaemon("No daemon answers.", hint="Start it."))
WIDTH, HEIGHT = 64, 48


class Daemon(FakeClient):
    """Stands in the place of a connection's client, and answers for the daemon behind it."""

    def __init__(self, address: str | None = None, *, name: str = "", jpeg: Any = None) -> None:
        super().__init__()
        self.jpeg = jpeg
        self.address, self.name, self.open = address, name, True

    def connect(self, *, resumed: tuple[str, ...] = ()) -> None:
        self.welcome = M.Welcome(1, "draggand 1.0", "CPU", models=(MODEL,), resumed=resumed)
        self.events.append(client.Connected(self.welcome))

    def say(self, *answers: Any, to: Any) -> None:
        self.events += [M.Envelope(answer, re=self._last[to]) for answer in answers]

    def rest(self, session: str = "s") -> None:
        self.events.append(M.Envelope(M.State(session, "idle")))

    def close(self) -> None:
        self.open = False


def picture(*bands: tuple[int, int], ground: int = 0x80, size: Any = (WIDTH, HEIGHT)) -> Any:
    """The opened picture with rows of another grey: (row, grey) each."""
    rows = [bytes([ground] * 3 + [255]) * size[0] for _ in range(size[1])]
    for row, grey in bands:
        rows[row] = bytes([grey] * 3 + [255]) * size[0]
    return Image("rgba8", size[0], size[1], b"".join(rows))


def changed_rows(image: Any) -> list[int]:
    """The rows of a mask that say "changed"; each row is all or nothing."""
    width = image.width
    rows = [bytes(image.data[k * width : (k + 1) * width]) for k in range(image.height)]
    assert all(row in (bytes(width), b"\xff" * width) for row in rows)
    return [k for k, row in enumerate(rows) if any(row)]


def frame(kind: str, step: int, image: Any, *points: Any, changed: Any = None) -> Any:
    number = 1000 + step if kind == "sought" else step + 1
    at = points or (WAY,)
    far, statuses = (1.0,) * len(at), ("moving",) * len(at)
    return M.Frame("s", number, kind, step, image, at, far, statuses, changed=changed)


def done(step: int, *, reason: str = "reached") -> Any:
    return M.Done("s", reason, step, 12.5, (M.HandleResult(20.0, 5.0, "reached", 0.2),))


def fully(strokes: Any, crop: Any) -> Any:
    """What is painted, as if with one enormous brush; None without strokes."""
    if strokes.empty:
        return None
    value = b"\0" if strokes.strokes[-1].erase else b"\xff"
    return Image("gray8", crop.width, crop.height, value * (crop.width * crop.height))


class Acts:
    """What a scripted daemon does; `daemon` and `poll` are the stage's."""

    daemon: Daemon

    def poll(self) -> None:
        raise NotImplementedError

    def answer(self, *answers: Any, to: Any) -> None:
        self.daemon.say(*answers, to=to)
        self.poll()

    def rest(self) -> None:
        self.daemon.rest()
        self.poll()

    def open(self, size: Any = (WIDTH, HEIGHT)) -> None:
        self.answer(M.Opened("s", "t", *size), M.Ready("s", 31.0, "Good."), to=M.Open)
        self.rest()
        self.save(0)

    def save(self, step: int) -> None:
        self.answer(M.Saved("s", M.Blob(b"saved at %d" % step), step), to=M.Save)

    def end_drag(self, step: int, image: Any, *, reason: str = "reached") -> None:
        self.answer(frame("result", step, image), done(step, reason=reason), to=M.Drag)
        self.rest()

    def sought(self, step: int, image: Any) -> None:
        self.answer(frame("sought", step, image), to=M.Seek)

    def refuse(self, sentence: str, *, to: Any) -> None:
        self.answer(M.Error("bad_input", sentence, "Do otherwise."), to=to)

    def bring_back(self, step: int, image: Any, opened: Any) -> None:
        """The daemon opens saved data, with the picture that was read again, at a step."""
        assert self.daemon.said(M.Open)[-1].image == opened
        ready = M.Ready("s", 31.0, "Good.", step, step)
        size = (opened.width, opened.height)
        self.answer(M.Opened("s", "t", *size), frame("result", step, image), ready, to=M.Open)
        self.rest()


class Stage(Acts):
    """Document, canvas, edit and ending; each act ends with a poll."""

    def __init__(self, document: Any = None, **settings: Any) -> None:
        self.document = document or FakeDocument()
        self.settings = Settings(**{"source": "layer", **settings})
        self.shown: list[Any] = []
        self.clock = Clock()
        self.strokes = Strokes()
        self.canvas = GimpCanvas(
            self.document,
            lambda image, crop: self.shown.append((image, crop)),
            strokes=self.strokes,
            rasterise=fully,
        )
        self.daemon = Daemon()
        self._exchange = Exchange(self.daemon)
        line = self._exchange.line()
        self.edit = DocumentEdit(
            self.document, self.canvas, line, lambda image: "small", strokes=self.strokes
        )
        self.ending = Ending(self.document, self.canvas, self.edit, clock=self.clock)
        self.daemon.connect()
        self.poll()

    def poll(self) -> None:
        self._exchange.poll()
        self.edit.poll()
        self.ending.poll()

    def reconnect(self) -> None:
        """To another daemon."""
        self.edit.leave()
        self.daemon = Daemon()
        self._exchange = Exchange(self.daemon)
        self.edit.use(self._exchange.line())
        self.daemon.connect()
        self.poll()

    def place(self, *lines: Any) -> None:
        self.edit.handles.replace(lines or (LINE,))
        self.poll()

    def press(self) -> None:
        """The button "Drag"."""
        self.edit.drag_or_stop(self.settings)
        self.poll()

    def ok(self) -> None:
        self.ending.ask(self.settings)
        self.poll()

    def begin(self, *lines: Any) -> None:
        """A first drag, up to where the daemon drags."""
        self.place(*lines)
        self.press()
        crop = self.canvas.crop
        self.open((crop.width, crop.height))

    def drag(self, step: int, image: Any, *lines: Any) -> None:
        """A whole first drag to a result that is saved."""
        self.begin(*lines)
        self.end_drag(step, image)
        self.save(step)

    def drag_on(self, step: int, image: Any) -> None:
        """Another drag of the same edit."""
        self.press()
        self.end_drag(step, image)
        self.save(step)

    def look(self, step: int, image: Any) -> None:
        self.edit.look(step)
        self.poll()
        self.sought(step, image)

    def keep(self, step: int, image: Any) -> None:
        """The button "Keep step" at the step on show."""
        self.edit.keep_step()
        self.poll()
        self.sought(step, image)

    def take_up(self, step: int, image: Any, opened: Any) -> None:
        """The button "Take up the edit again"."""
        self.settings = self.edit.reopen(self.settings)
        self.poll()
        self.bring_back(step, image, opened)

    @property
    def view(self) -> Any:
        return self.edit.view()

    @property
    def layers(self) -> Any:
        return self.canvas.layers()

    @property
    def names(self) -> list[str]:
        return [layer.name for layer in self.layers]

    def last(self, kind: Any) -> Any:
        return self.daemon.said(kind)[-1]

    def opened_pictures(self) -> list[Any]:
        return [opening.image for opening in self.daemon.said(M.Open)]
