"""Saved, closed and opened again: the edit is offered, taken up, and goes on from its result."""

from draggan_rig.canvas import layers, open_document, pixels
from draggan_rig.painter import begin_and_place


def main(rig):
    document, _, docker = yield from begin_and_place(rig)
    yield from docker.drag()
    result, step, handles = pixels(document), docker.step(), docker.handles()
    yield from rig.wait_for(lambda: "draggan" in document.annotationTypes(), 20, "the note")
    document.setBatchmode(True)
    assert document.saveAs(rig.path("edit.kra"))
    rig.put("file size", (rig.out / "edit.kra").stat().st_size)
    document.close()
    yield 500
    yield from rig.screenshot("closed")

    document, _ = yield from open_document(rig, rig.path("edit.kra"))
    yield from rig.wait_for(docker.button("Take up the edit again").isVisible, 10, "the offer")
    yield from rig.screenshot("offered")
    rig.put("same picture", pixels(document) == result)
    yield from docker.click("Take up the edit again")
    yield from rig.wait_for(lambda: docker.step() == step, 60, f"step {step}")
    yield from docker.wait_until_idle()
    yield from rig.screenshot("taken_up")
    rig.put("message", docker.message())
    rig.put("steps", [step, docker.step()])
    rig.put("handles", [handles, docker.handles()])
    rig.put("same picture again", pixels(document) == result)
    rig.put("same step", (yield from keeps_the_same(rig, docker, document, result)))
    yield from docker.click("One step back")
    yield from rig.wait_for(lambda: docker.step()[0] == step[0] - 1, 20, "the step before")
    rig.put("layers", layers(document.rootNode()))


def keeps_the_same(rig, docker, document, result):
    """Whether the present step, kept as a layer and shown, is the result that was saved."""
    folder = document.rootNode().childNodes()[-1]
    count = len(folder.childNodes())
    yield from docker.click("Keep step")
    yield from rig.wait_for(lambda: len(folder.childNodes()) > count, 20, "the kept step")
    kept, old = folder.childNodes()[-1], folder.childNodes()[0]
    size = (0, 0, document.width(), document.height())
    return kept.pixelData(*size) == old.pixelData(*size)
