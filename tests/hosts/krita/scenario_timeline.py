"""Steps back and forth, a kept step, a drag from an earlier step, and the whole as animation."""

from draggan_rig.canvas import layers, pixels
from draggan_rig.painter import begin_and_place


def main(rig):
    document, _, docker = yield from begin_and_place(rig)
    before = pixels(document)
    yield from docker.drag()
    _, last = docker.step()
    rig.put("last", last)
    result = pixels(document)

    for k in (1, 2):
        yield from docker.click("One step back")
        yield from wait_for_step(rig, docker, last - k)
    yield from rig.screenshot("two_steps_back")
    yield from docker.click("Keep step")
    yield from rig.wait_for(lambda: len(group(document)) == 2, 10, "the kept step's layer")
    yield from rig.wait_for(lambda: "is kept" in docker.message(), 10, "its message")
    rig.put("kept", layers(document.rootNode())[0])
    rig.put("message", docker.message())
    assert pixels(document) == result, "looking back or keeping a step has changed the picture"
    yield from docker.click("One step forward")
    yield from wait_for_step(rig, docker, last - 1)

    yield from docker.click("As animation")
    yield from rig.wait_for(lambda: animated(document) is not None, 60, "the animated layer")
    yield from rig.wait_for(lambda: "animation is a layer" in docker.message(), 60, "its end")
    layer = animated(document)
    keys = [t for t in range(last + 3) if layer.hasKeyframeAtTime(t)]
    rig.put("keys", keys)
    size = (0, 0, document.width(), document.height())
    frames = [bytes(layer.pixelDataAtTime(*size, t)) for t in keys]
    rig.put("different frames", len(set(frames)))
    rig.put("first frame is the picture", frames[0] == before)
    rig.put("active", document.activeNode().name())
    yield from rig.screenshot("animation")
    animated(document).setVisible(False)
    document.refreshProjection()
    yield from go_on_from(rig, docker, document, last - 4)


def go_on_from(rig, docker, document, step):
    """A drag from an earlier step drops what came after it, and adds a result of its own."""
    while docker.step()[0] > step:
        before = docker.step()[0]
        yield from docker.click("One step back")
        yield from wait_for_step(rig, docker, before - 1)
    count = len(group(document))
    yield from docker.drag()
    rig.put("went on", docker.message())
    rig.put("went on to", docker.step())
    rig.put("new layers", len(group(document)) - count)
    yield from rig.screenshot("went_on")


def wait_for_step(rig, docker, step):
    yield from rig.wait_for(lambda: docker.step()[0] == step, 10, f"step {step}")
    yield 300


def group(document):
    return document.rootNode().childNodes()[-1].childNodes()


def animated(document):
    return next((node for node in group(document) if node.animated()), None)
