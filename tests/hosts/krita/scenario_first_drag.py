"""A painter's first drag: an arrow drawn at several views, Drag, layers in a group, undo, redo."""

from draggan_rig.canvas import (
    export_png,
    layers,
    look_at,
    open_document,
    pixels,
    to_screen,
)
from draggan_rig.docker import Docker

VIEWS = (  # zoom, rotation, mirrored
    (2.0, 30, False),
    (0.7, 200, False),
    (3.0, -75, True),
    (1.0, 0, False),
)


def main(rig):
    document, view = yield from open_document(rig, rig.path("animal.png"))
    docker = Docker(rig)
    yield from docker.show()
    yield from docker.wait_for_connection()
    rig.put("connection", docker.connection())
    before = pixels(document)
    yield from docker.choose("Quality", "Fast: a rough likeness")
    yield from docker.click("Place handles")
    yield from place(rig, docker, view)
    yield from pin_and_delete(rig, docker, view)
    yield from docker.click("Place handles")
    rig.put("handles", docker.handles())
    yield from rig.screenshot("placed")
    assert pixels(document) == before, "placing handles has changed the picture"

    yield from docker.click("Drag")
    yield from docker.wait_for_step(3)
    yield from rig.screenshot("dragging")
    rig.put("layers while dragging", layers(document.rootNode()))
    yield from docker.wait_until_idle()
    rig.put("message", docker.message())
    rig.put("step", docker.step())
    yield from rig.screenshot("done")
    rig.put("layers", layers(document.rootNode()))
    rig.put("active", document.activeNode().name())
    export_png(rig, document, "after")
    after = pixels(document)
    yield from undo_and_redo(rig, document, before, after)
    rig.put("dialogs", rig.dialogs())


def place(rig, docker, view):
    """One arrow; its target is then taken up and put elsewhere at each of the views."""
    nose, target = rig.given["nose"], rig.given["target"]
    at = [nose[0] - 60, nose[1] - 60]
    yield from rig.drag(to_screen(view, *nose), to_screen(view, *at))
    for k, (zoom, rotation, mirrored) in enumerate(VIEWS):
        view.canvas().setMirror(mirrored)
        yield from look_at(rig, view, zoom, rotation, nose)
        to = target if k == len(VIEWS) - 1 else [nose[0] - 20 + 15 * k, nose[1] - 25 * (k + 1)]
        yield from rig.drag(to_screen(view, *at), to_screen(view, *to))
        at = to
        if k == 0:
            yield from rig.screenshot("placing")
        handles = docker.handles()
        assert handles == "Handle 1: placed", f"at zoom {zoom}: {handles}"


def pin_and_delete(rig, docker, view):
    """A click makes a pin; another click on it chooses it; then it can be deleted."""
    pin = to_screen(view, 60, 60)
    yield from rig.click(pin)
    yield from rig.wait_for(lambda: "Handle 2" in docker.handles(), 5, "the pin")
    rig.put("pinned", docker.handles())
    yield from rig.click(pin)
    yield from docker.click("Delete handle")
    yield from rig.wait_for(lambda: "Handle 2" not in docker.handles(), 5, "the pin's end")


def undo_and_redo(rig, document, before, after):
    yield from rig.keys("ctrl+z")
    yield from rig.wait_for(lambda: pixels(document) == before, 5, "undo")
    rig.put("layers after undo", layers(document.rootNode()))
    yield from rig.screenshot("undone")
    yield from rig.keys("ctrl+shift+z")
    yield from rig.wait_for(lambda: pixels(document) == after, 5, "redo")
    rig.put("layers after redo", layers(document.rootNode()))
