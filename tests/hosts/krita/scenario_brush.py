"""The rig itself: a stroke by the pointer paints where it should at any view, and is undone."""

from draggan_rig.canvas import (
    export_png,
    layers,
    look_at,
    open_document,
    pixels,
    to_screen,
)
from draggan_rig.gaps import GapMeter
from draggan_rig.qt import QtCore

LINE = (180.5, 200.5), (300.5, 260.5)


def main(rig):
    document, view = yield from open_document(rig, rig.path("animal.png"))
    rig.put("versions", [rig.app.version(), QtCore.qVersion()])
    rig.put("layers", layers(document.rootNode()))
    before = pixels(document)
    rig.app.action("KritaShape/KisToolBrush").trigger()
    yield 300
    gaps = GapMeter()
    gaps.start()
    for k, (zoom, rotation) in enumerate(((1.0, 0), (2.0, 30), (0.7, 200))):
        yield from look_at(rig, view, zoom, rotation, (240, 230))
        yield from rig.drag(to_screen(view, *LINE[0]), to_screen(view, *LINE[1]))
        document.waitForDone()
        assert pixels(document) != before, f"the brush has not painted at zoom {zoom}"
        if k == 1:
            yield from rig.screenshot("painted")
        export_png(rig, document, f"painted{k}")
        yield from rig.keys("ctrl+z")
        yield from rig.wait_for(lambda: pixels(document) == before, 5, "undo")
    rig.put("gaps", gaps.stop())
    rig.put("dialogs", rig.dialogs())
    yield from rig.ask("nothing")
