"""What a painter does before the story of a scenario begins."""

from __future__ import annotations

from .canvas import look_at, open_document, to_screen
from .docker import Docker

FAST = "Fast: a rough likeness"
SLOW = "0.001"  # a drag of some five seconds


def begin(rig, name="animal.png"):
    """Open the picture and the docker, wait for the daemon; returns (document, view, docker)."""
    document, view = yield from open_document(rig, rig.path(name))
    docker = Docker(rig)
    yield from docker.show()
    yield from docker.wait_for_connection()
    yield from docker.choose("Quality", FAST)
    return document, view, docker


def place(rig, docker, view, *arrows, zoom=1.0):
    """Draw arrows ((x, y), (x, y)), then let go of the tool."""
    yield from docker.click("Place handles")
    for start, target in arrows:
        yield from look_at(rig, view, zoom, 0, start)
        yield from rig.drag(to_screen(view, *start), to_screen(view, *target))
    yield from docker.click("Place handles")


def begin_and_place(rig, name="animal.png"):
    """Both, with the arrow from nose to target."""
    document, view, docker = yield from begin(rig, name)
    yield from place(rig, docker, view, (rig.given["nose"], rig.given["target"]))
    return document, view, docker


def slow_down(docker, speed="0.0002"):
    """Have drags take many small steps, so that there is time to do something meanwhile."""
    yield from docker.click("More options")
    yield from docker.enter("Speed", speed)
