"""Krita fills its profile at its first start and goes on with that while it is open."""

from draggan_rig.canvas import open_document
from draggan_rig.docker import Docker

SETTLING = 5000  # ms


def main(rig):
    yield from open_document(rig, rig.path("animal.png"))
    yield from Docker(rig).show()
    yield SETTLING
    rig.put("dialogs", rig.dialogs())
