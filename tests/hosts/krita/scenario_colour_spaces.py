"""Documents of other depths and colour models are dragged, and undo restores their pixels."""

from draggan_rig.canvas import export_png, pixels, show_document
from draggan_rig.docker import Docker
from draggan_rig.painter import FAST, place


def main(rig):
    docker = None
    for name, space in rig.given["spaces"].items():
        document = rig.app.openDocument(rig.path("animal.png"))
        document.setColorSpace(*space)
        document, view = yield from show_document(rig, document)
        if docker is None:
            docker = Docker(rig)
            yield from docker.show()
            yield from docker.wait_for_connection()
            yield from docker.choose("Quality", FAST)
        rig.put(name, (yield from story(rig, docker, document, view, name)))
        document.setModified(False)
        document.close()
        yield 500
    rig.put("dialogs", rig.dialogs())


def story(rig, docker, document, view, name):
    before = pixels(document)
    export_png(rig, document, name + "_before")
    yield from place(rig, docker, view, (rig.given["nose"], rig.given["target"]))
    yield from docker.drag()
    yield from rig.screenshot(name)
    told = {"message": docker.message()}
    folder = document.rootNode().childNodes()[-1]
    told["depth of the result"] = folder.childNodes()[-1].colorDepth()
    told["finer than 8 bits"] = finer(document, folder.childNodes()[-1])
    export_png(rig, document, name + "_after")
    assert pixels(document) != before
    yield from rig.keys("ctrl+z")
    yield from rig.wait_for(lambda: pixels(document) == before, 10, "undo")
    return told


def finer(document, layer):
    """The share of samples that no 8-bit picture could hold."""
    if layer.colorDepth() != "U16":
        return 0
    raw = layer.pixelData(0, 0, document.width(), document.height())
    samples = memoryview(bytes(raw)).cast("H")
    return sum(1 for sample in samples if sample % 257) / len(samples)
