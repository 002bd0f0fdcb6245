"""A selection is what may move: everything outside of it keeps its pixels bit for bit."""

from draggan_rig.canvas import export_png, look_at, pixels, to_screen
from draggan_rig.painter import begin, place


def main(rig):
    document, view, docker = yield from begin(rig)
    left, top, right, bottom = rig.given["box"]
    rig.app.action("KisToolSelectRectangular").trigger()
    yield from look_at(rig, view, 1.0, 0, (256, 256))
    yield from rig.drag(to_screen(view, left, top), to_screen(view, right, bottom))
    found = yield from selected(rig, document, right - left)
    rig.put("selection", [found.x(), found.y(), found.width(), found.height()])
    rig.app.action("KritaShape/KisToolBrush").trigger()
    before = pixels(document)
    yield from place(rig, docker, view, (rig.given["nose"], rig.given["target"]))
    yield from docker.drag()
    rig.put("message", docker.message())
    yield from rig.screenshot("done")
    found = document.selection()
    rig.put("selection after", [found.x(), found.y(), found.width(), found.height()])
    export_png(rig, document, "after")
    after, width = pixels(document), document.width() * 4
    rig.put("rows changed outside", changed_outside(before, after, width, rig.results["selection"]))
    rig.put("changed", before != after)


def selected(rig, document, width):
    """The selection, when it has followed the pointer to its end."""

    def found():
        selection = document.selection()
        return selection is not None and selection.width() >= width

    yield from rig.wait_for(found, 5, "the selection")
    yield 200
    return document.selection()


def changed_outside(before, after, stride, box):
    """How many rows differ anywhere but in the box."""
    left, top, width, height = box
    count = 0
    for k in range(len(before) // stride):
        old, new = (data[k * stride : (k + 1) * stride] for data in (before, after))
        if top <= k < top + height:
            old, new = (row[: left * 4] + row[(left + width) * 4 :] for row in (old, new))
        count += old != new
    return count
