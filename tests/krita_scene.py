"""A canvas on a document of the small Krita, and the usual acts of an edit on it."""

from __future__ import annotations

import sys
from typing import Any

from tests.krita_plugin import fake_krita, load

fake_krita()
Canvas = load("canvas").KritaCanvas
active_document = load("host.document").active_document
Image = load("draggan_wire.messages").Image
Settings = load("draggan_wire.workbench.settings").Settings
HandleLine = load("draggan_wire.workbench.handles").HandleLine

WIDTH, HEIGHT = 40, 30
LINE = HandleLine((5.0, 5.0), (20.0, 5.0))


def grey(value: int, width: int = WIDTH, height: int = HEIGHT, form: str = "bgra8") -> Any:
    """An opaque picture of one grey."""
    pixel = bytes([value] * 3 + [255])
    wide = bytes(byte for byte in pixel for _ in (0, 1))
    return Image(form, width, height, (wide if form == "bgra16" else pixel) * (width * height))


def rows(count: int) -> Any:
    """The mask of a picture that has changed in its first rows."""
    return Image(
        "gray8", WIDTH, HEIGHT, b"\xff" * (WIDTH * count) + bytes(WIDTH * (HEIGHT - count))
    )


class Scene:
    """A document with a canvas, and the usual acts of an edit on it."""

    def __init__(self, raw: Any, **settings: Any) -> None:
        self.raw = raw
        self.program = sys.modules["krita"].Krita.instance()
        self.settings = Settings(**settings)
        self.painted: list[Any] = []
        self.seen: list[int] = []
        self.step = 0
        document = active_document()
        self.canvas = Canvas(document, lambda image, crop: self.painted.append(image))
        self.canvas.see = lambda image, step: self.seen.append(step)
        self.canvas.step_now = lambda: self.step

    def aim(self, *lines: Any) -> Any:
        step = self.canvas.aim(self.settings, lines or (LINE,))
        self.canvas.dragging = True
        return step

    def drag_to(self, step: int, value: int, *, changed: Any = None) -> None:
        """From the press of Drag to the result."""
        self.preview(step - 1, value - 1)
        self.finish(step, value, changed=changed)

    def preview(self, step: int, value: int) -> None:
        self.step = step
        self.canvas.show_preview(grey(value))

    def finish(self, step: int, value: int, *, changed: Any = None) -> None:
        self.step = step
        self.canvas.clear_preview()
        self.canvas.add_result(grey(value), f"Result {step}", changed)
        self.canvas.dragging = False
        self.wait()

    def wait(self, looks: int = 1, *, at_work: bool = False) -> None:
        """Krita's time and ours."""
        for _ in range(looks):
            self.raw.settle()
            self.canvas.settle(at_work=at_work)
