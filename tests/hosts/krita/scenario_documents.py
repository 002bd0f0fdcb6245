"""Two documents at once, and documents that are closed in mid-drag."""

from draggan_rig.canvas import layers, open_document, pixels, turn_to
from draggan_rig.painter import begin_and_place, place, slow_down


def main(rig):
    first, _, docker = yield from begin_and_place(rig)
    yield from slow_down(docker)
    yield from docker.click("Drag")
    yield from docker.wait_for_step(2)

    second, second_view = yield from open_document(rig, rig.path("second.png"))
    before = pixels(second)
    rig.put("handles of the second", docker.handles())
    rig.put("second at work", docker.at_work())
    yield from place(rig, docker, second_view, (rig.given["nose"], rig.given["target"]))
    yield from rig.screenshot("second")
    assert pixels(second) == before, "the drag in the first document has changed the second"
    yield from turn_to(rig, 0)
    assert docker.at_work(), "the drag in the first document is over: it must take longer"
    rig.put("handles of the first", docker.handles())
    close(first)
    yield 1500
    rig.put("after the first was closed", docker.message())
    assert rig.app.activeDocument() == second

    yield from docker.enter("Speed", "0")
    yield from docker.drag()
    rig.put("message of the second", docker.message())
    rig.put("layers of the second", layers(second.rootNode()))
    yield from rig.screenshot("second_done")
    yield from rig.keys("ctrl+z")  # which puts the arrow back
    yield from rig.wait_for(docker.button("Drag").isEnabled, 5, "the arrow's coming back")
    yield from docker.click("Drag")
    # Krita itself may fall over a document that a script closes within a tenth of a second after
    # its layers have changed; no hand is as fast.
    yield 500
    close(second)
    yield 1500
    rig.put("dialogs", rig.dialogs())

    third, third_view = yield from open_document(rig, rig.path("animal.png"))
    yield from place(rig, docker, third_view, (rig.given["nose"], rig.given["target"]))
    yield from docker.drag()
    rig.put("layers of the third", layers(third.rootNode()))


def close(document):
    document.setModified(False)
    document.close()
