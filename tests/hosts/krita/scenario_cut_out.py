"""A head on a transparent layer turns: its alpha goes along, nothing of the layer shows below.

Nor does it below the animation of how it went there.
"""

from draggan_rig.canvas import export_png, layers, pixels, show_document
from draggan_rig.docker import Docker
from draggan_rig.painter import FAST, place


def main(rig):
    document = rig.app.openDocument(rig.path("cut_out.png"))
    if rig.given.get("space"):
        document.setColorSpace(*rig.given["space"])
    back = backdrop(document)
    document.rootNode().addChildNode(back, None)
    cut = next(n for n in document.rootNode().childNodes() if n.name() != "Backdrop")
    document.rootNode().removeChildNode(cut)
    document.rootNode().addChildNode(cut, back)
    document.setActiveNode(cut)
    document.refreshProjection()
    document, view = yield from show_document(rig, document)
    docker = Docker(rig)
    yield from docker.show()
    yield from docker.wait_for_connection()
    yield from docker.choose("Quality", FAST)
    yield from docker.choose("Source", "Active layer")
    before = pixels(document)
    export_png(rig, document, "before")
    yield from place(rig, docker, view, (rig.given["nose"], rig.given["target"]))
    yield from docker.click("Drag")
    yield from docker.wait_for_step(2)
    yield from rig.screenshot("dragging")
    yield from docker.wait_until_idle()
    rig.put("message", docker.message())
    yield from rig.screenshot("done")
    export_png(rig, document, "after")
    after = pixels(document)
    rig.put("layers", layers(document.rootNode()))
    rig.put("layer shown", cut.visible())
    yield from undo_and_redo(rig, document, cut, before, after)
    yield from go_on(rig, docker, document, view)


def backdrop(document):
    """One green, in the document's own colours."""
    layer = document.createNode("Backdrop", "paintlayer")
    layer.setColorSpace("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
    width, height = document.width(), document.height()
    layer.setPixelData(bytes((60, 160, 40, 255)) * (width * height), 0, 0, width, height)
    layer.setColorSpace(document.colorModel(), document.colorDepth(), document.colorProfile())
    return layer


def undo_and_redo(rig, document, cut, before, after):
    yield from rig.keys("ctrl+z")
    yield from rig.wait_for(lambda: cut.visible() and pixels(document) == before, 10, "undo")
    yield from rig.keys("ctrl+shift+z")
    yield from rig.wait_for(lambda: not cut.visible() and pixels(document) == after, 10, "redo")


def animate(rig, docker, document):
    """All steps as an animation: what is to be seen at its beginning and at its end."""
    last, active = docker.step()[1], document.activeNode().name()
    yield from docker.click("As animation")
    yield from rig.wait_for(lambda: "animation is a layer" in docker.message(), 90, "its end")
    rig.put("active before and after", [active, document.activeNode().name()])
    for name, time in (("first", 0), ("middle", last // 2), ("last", last)):
        document.setCurrentTime(time)
        document.waitForDone()
        document.refreshProjection()
        yield 500
        export_png(rig, document, f"{name}_frame")
        yield from rig.screenshot(f"animation_{name}")


def go_on(rig, docker, document, view):
    """Another drag from the result; then the group is hidden, which shows the layer."""
    yield 1000
    yield from place(rig, docker, view, (rig.given["target"], rig.given["nose"]))
    yield from docker.drag()
    rig.put("went on", docker.message())
    rig.put("layers at last", layers(document.rootNode()))
    export_png(rig, document, "after_again")
    yield from animate(rig, docker, document)
    group = next(n for n in document.rootNode().childNodes() if n.name() == "DragGAN")
    group.setVisible(False)
    document.refreshProjection()
    yield 1000
    export_png(rig, document, "group_hidden")
    yield from rig.screenshot("without_the_group")
    rig.put("dialogs", rig.dialogs())
