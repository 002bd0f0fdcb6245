"""The docker shows how the model sees the picture before a drag, and what to expect of one."""

from draggan_rig.canvas import layers, look_at, open_document, pixels, to_screen
from draggan_rig.docker import Docker
from draggan_rig.qt import QtWidgets

KNOWN, UNKNOWN = "lights.png", "strange.png"


def main(rig):
    document, view = yield from open_document(rig, rig.path(KNOWN))
    docker = Docker(rig)
    yield from docker.show()
    yield from docker.wait_for_connection()
    rig.put("before", likeness(docker))
    yield from docker.click("Place handles")
    rig.put("likeness", (yield from looked_at(rig, docker, "known")))
    yield from rig.wait_for(lambda: is_learnt(docker), 120, "the model's last word")
    yield from rig.screenshot("known_at_last")
    rig.put("at last", [likeness(docker)["words"], docker.message()])
    yield from place(rig, docker, view)
    yield from docker.drag()
    rig.put("message", docker.message())
    yield from rig.screenshot("dragged")
    rig.put("layers", layers(document.rootNode()))
    yield from paste_otherwise(rig, docker, document)

    _, view = yield from open_document(rig, rig.path(UNKNOWN))
    yield from docker.click("Place handles")
    rig.put("likeness of the unknown", (yield from looked_at(rig, docker, "unknown")))
    yield from place(rig, docker, view)
    rig.put("can be dragged", docker.button("Drag").isEnabled())
    yield from rig.screenshot("unknown_before_the_drag")
    rig.put("dialogs", rig.dialogs())


def looked_at(rig, docker, name):
    """Waits for the model's picture, then for the words on it; returns what was read meanwhile."""
    yield from rig.wait_for(lambda: likeness(docker)["pictures"], 60, "the model's picture")
    yield from rig.screenshot(name + "_while_it_looks")
    yield from rig.wait_for(lambda: "Likeness" in likeness(docker)["words"], 120, "the words")
    yield from rig.screenshot(name + "_at_first")
    return {**likeness(docker), "message": docker.message()}


def place(rig, docker, view):
    nose, target = rig.given["nose"], rig.given["target"]
    yield from look_at(rig, view, 1.0, 0, nose)
    yield from rig.drag(to_screen(view, *nose), to_screen(view, *target))
    yield from docker.click("Place handles")


def paste_otherwise(rig, docker, document):
    """Other ways to paste show the step anew over the canvas; the layers stay."""
    before = pixels(document)
    yield from docker.click("More options")
    yield from docker.choose("Paste", "All that the model sees")
    yield from rig.wait_for(lambda: "new setting" in docker.message(), 30, "the step anew")
    yield 2500
    yield from rig.screenshot("pasted_otherwise")
    rig.put("layers as they were", pixels(document) == before)
    yield from docker.choose("Paste", "What moved")
    yield from docker.uncover(docker.button("Copy diagnostics"))
    yield from rig.screenshot("options")
    yield from docker.click("More options")


def is_learnt(docker):
    """Whether the model has said its last word on the picture."""
    return "The model has read the picture." in docker.message()


def likeness(docker):
    view = docker._part("LikenessView")
    labels = [label for label in view.findChildren(QtWidgets.QLabel) if label.isVisible()]
    pictures = [label for label in labels if label.pixmap() and not label.pixmap().isNull()]
    texts = [label.text() for label in labels if label.text()]
    return {"pictures": len(pictures), "words": " ".join(texts)}
