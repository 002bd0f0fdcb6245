"""Pictures of layers as files, bit for bit in their own format."""

from __future__ import annotations

PREVIEW = "DragGAN is dragging..."


def write_shown_step(rig, document):
    """The layer on which a drag shows its steps, as shown.raw; returns its box, None for none."""
    for node in _all(document.rootNode()):
        if node.name() == PREVIEW:
            return _write(rig, node, "shown.raw")
    return None


def write_result(rig, document):
    """The newest result, without its mask, as result.raw; returns its box."""
    group = document.rootNode().childNodes()[-1]
    return _write(rig, group.childNodes()[-1], "result.raw")


def _write(rig, node, name):
    box = node.bounds()
    at = (box.x(), box.y(), box.width(), box.height())
    (rig.out / name).write_bytes(bytes(node.pixelData(*at)))
    return at


def _all(node):
    for child in node.childNodes():
        yield child
        yield from _all(child)
