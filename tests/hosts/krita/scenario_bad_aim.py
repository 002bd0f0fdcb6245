"""Whatever cannot be dragged is said in the message line, with a remedy and without a dialog."""

import krita
from draggan_rig.canvas import look_at, to_screen
from draggan_rig.painter import begin, place

SIZE = 512


def main(rig):
    document, view, docker = yield from begin(rig)
    rig.put("drag without handles", docker.button("Drag").isEnabled())
    yield from vector_lines(rig, document, view, docker)
    yield from place(rig, docker, view, (rig.given["nose"], rig.given["target"]))
    yield from selection_elsewhere(rig, document, docker)
    yield from docker.choose("Source", "Active layer")
    yield from layers_without_pixels(rig, document, docker)
    yield from locked_layer(rig, document, docker)
    yield from cropped(rig, document, docker)
    rig.put("dialogs", rig.dialogs())
    yield from rig.screenshot("done")


def said(rig, docker, name):
    """Press Drag, which is refused, and keep what the message line says."""
    yield from docker.click("Drag")
    yield 600
    assert not docker.at_work(), f"{name}: the drag has begun"
    rig.put(name, docker.message())
    assert rig.dialogs() == [], name


def vector_lines(rig, document, view, docker):
    """Lines of the line tool on a vector layer are taken; on any other layer a sentence says so."""
    yield from docker.click("From vector layer")
    yield 500
    rig.put("no vector layer", docker.message())
    layer = document.createVectorLayer("arrows")
    document.rootNode().addChildNode(layer, None)
    document.setActiveNode(layer)
    document.waitForDone()
    yield from docker.click("From vector layer")
    yield 500
    rig.put("no lines", docker.message())
    rig.app.action("KritaShape/KisToolLine").trigger()
    yield from look_at(rig, view, 1.0, 0, (256, 256))
    yield from rig.drag(to_screen(view, 200, 200), to_screen(view, 260, 180))
    yield from rig.wait_for(lambda: layer.shapes(), 5, "the line")
    yield from docker.click("From vector layer")
    yield from rig.wait_for(docker.handles, 5, "the line's handle")
    rig.put("taken", docker.handles())
    rig.app.action("KritaShape/KisToolBrush").trigger()
    yield from docker.click("Clear all handles")
    yield from rig.wait_for(lambda: not docker.handles(), 5, "no handles")
    layer.remove()
    document.waitForDone()


def selection_elsewhere(rig, document, docker):
    selection = krita.Selection()
    selection.select(10, 440, 60, 60, 255)
    document.setSelection(selection)
    yield 200
    yield from said(rig, docker, "selection elsewhere")
    document.setSelection(None)
    yield 200


def layers_without_pixels(rig, document, docker):
    layers = {
        "empty layer": document.createNode("empty", "paintlayer"),
        "empty group": document.createGroupLayer("empty"),
        "empty vector layer": document.createVectorLayer("empty"),
    }
    for name, layer in layers.items():
        document.rootNode().addChildNode(layer, None)
        document.setActiveNode(layer)
        document.waitForDone()
        yield 300
        yield from said(rig, docker, name)
        layer.remove()
        document.waitForDone()
        yield 300


def locked_layer(rig, document, docker):
    """Nothing is written to the painter's layers, so a lock is no obstacle."""
    background = document.rootNode().childNodes()[0]
    document.setActiveNode(background)
    background.setLocked(True)
    yield 300
    yield from docker.drag()
    rig.put("locked layer", docker.message())
    background.setLocked(False)
    yield from rig.keys("ctrl+z")
    yield 500


def cropped(rig, document, docker):
    """The handles are where the picture is no more."""
    document.resizeImage(0, 0, 128, 128)
    document.waitForDone()
    yield 500
    yield from said(rig, docker, "handle outside")
