"""Taken up again after the file was changed: the result hidden, the layer painted on, or gone."""

from draggan_rig.canvas import layers, open_document, pixels
from draggan_rig.painter import begin, place

OFFER = "Take up the edit again"


def main(rig):
    document, view, docker = yield from begin(rig)
    yield from docker.choose("Source", "Active layer")
    yield from place(rig, docker, view, (rig.given["nose"], rig.given["target"]))
    yield from docker.drag()
    result, step = pixels(document), docker.step()
    yield from rig.wait_for(lambda: "draggan" in document.annotationTypes(), 20, "the note")
    document.setBatchmode(True)
    assert document.saveAs(rig.path("edit.kra"))
    yield from close(rig, document)

    for name, change in (("hidden", hide), ("changed", paint), ("gone", take_out)):
        document, _ = yield from open_document(rig, rig.path("edit.kra"))
        document.setBatchmode(True)
        yield from rig.wait_for(docker.button(OFFER).isVisible, 10, "the offer")
        change(document)
        yield 500
        yield from docker.click(OFFER)
        yield from rig.wait_for(lambda: bool(docker.message()) and not docker.at_work(), 60, name)
        yield 2500
        yield from rig.screenshot(name)
        told = {"message": docker.message(), "steps": [step, docker.step()]}
        told["layers"] = layers(document.rootNode())
        told["result"] = pixels(document) == result
        rig.put(name, told)
        yield from close(rig, document)
    rig.put("dialogs", rig.dialogs())


def close(rig, document):
    document.setModified(False)
    document.close()
    yield 500


def hide(document):
    folder = document.rootNode().childNodes()[-1]
    folder.childNodes()[0].setVisible(False)
    document.refreshProjection()


def paint(document):
    """A square in the corner of the painter's own layer."""
    layer = document.rootNode().childNodes()[0]
    layer.setPixelData(bytes((0, 0, 255, 255)) * 3600, 4, 4, 60, 60)
    document.refreshProjection()


def take_out(document):
    document.rootNode().childNodes()[0].remove()
    document.refreshProjection()
