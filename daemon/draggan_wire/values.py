"""The values and rules that several messages share; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple

from .errors import BadMessage
from .pixels import MAX_BUFFER, MAX_PIXELS, MAX_SIDE, Image
from .schema import choice, identifier, integer, many, number, optional, point, text, truth

MAX_HANDLES = 64
MAX_CREDIT = 8
MAX_STEPS = 100_000
MAX_NOTES = 8
MAX_NOTE = 300  # characters
STATUSES = ("moving", "reached", "stuck", "lost", "pinned")
SIDES = ("left", "top", "right", "bottom")
CUTS = (*SIDES, "area")
FLEETING = ("preview", "likeness")  # kinds of frames that cost a credit each

Point = Tuple[float, float]

ID = identifier()
POINTS = many(point(float(1 << 20)), MAX_HANDLES)
STEP = integer(0, MAX_STEPS)
FEATURES = many(identifier(), 64)
STATUS = choice(*STATUSES)
EVENT = integer(0, 1 << 53)
PSNR = optional(number(-100, 1000))
DISTANCE = number(0, 1 << 21)
NOTES = many(text(MAX_NOTE), MAX_NOTES)


@dataclass(frozen=True)
class SessionKey:
    """Proves that a session is ours when we come back on a new connection."""

    session: str = field(metadata=ID)
    token: str = field(metadata=ID)
    heard: int = field(default=0, metadata=EVENT)  # the last event of it that has been taken


@dataclass(frozen=True)
class Limits:
    """What the daemon accepts."""

    max_pixels: int = field(default=MAX_PIXELS, metadata=integer(1, MAX_PIXELS))
    max_bytes: int = field(default=MAX_BUFFER, metadata=integer(1, MAX_BUFFER))
    max_handles: int = field(default=MAX_HANDLES, metadata=integer(1, MAX_HANDLES))
    max_sessions: int = field(default=8, metadata=integer(1, 1 << 20))


@dataclass(frozen=True)
class ModelInfo:
    """A generator that the daemon can work with; `id` is what `open` names."""

    id: str = field(metadata=ID)
    title: str = field(metadata=text())
    width: int = field(metadata=integer(1, MAX_SIDE))
    height: int = field(metadata=integer(1, MAX_SIDE))
    licence: str = field(default="", metadata=text())
    summary: str = field(default="", metadata=text(1000))


@dataclass(frozen=True)
class DragSettings:
    """How to drag; None leaves the choice to the engine's preset (names as in `DragOptions`).

    Lengths are pixels of a 512 px picture and scale with the picture's longer side.
    """

    preset: Optional[str] = field(default=None, metadata=optional(identifier()))
    steps: Optional[int] = field(default=None, metadata=optional(integer(1, MAX_STEPS)))
    r1: Optional[float] = field(default=None, metadata=optional(number(0.1, 256)))
    r2: Optional[float] = field(default=None, metadata=optional(number(0.1, 256)))
    lambda_mask: Optional[float] = field(default=None, metadata=optional(number(0, 1e6)))
    lr: Optional[float] = field(default=None, metadata=optional(number(1e-7, 10)))
    stop: Optional[float] = field(  # a handle this near its target has arrived
        default=None, metadata=optional(number(0.01, 1000))
    )


@dataclass(frozen=True)
class Pasting:
    """How what has been dragged comes into the picture.

    `what`: only what has "moved", or "all" that the model sees. With `detail` the picture's own
    fine detail moves along, which else is as fine as the model's picture. With `seam` the edge of
    what is pasted is matched to what lies around it, which takes longer. `goes_on` names the sides
    at which the picture is cut out of a larger one: there what is pasted fades out.
    """

    what: str = field(default="moved", metadata=choice("moved", "all"))
    detail: bool = field(default=True, metadata=truth())
    seam: bool = field(default=False, metadata=truth())
    goes_on: Tuple[str, ...] = field(default=(), metadata=many(choice(*SIDES), len(SIDES)))


@dataclass(frozen=True)
class HandleResult:
    """Where a handle ended, and how far from its target, in pixels of the picture."""

    x: float = field(metadata=number(-(1 << 20), 1 << 20))
    y: float = field(metadata=number(-(1 << 20), 1 << 20))
    status: str = field(metadata=choice(*STATUSES))
    distance: float = field(metadata=number(0, 1 << 21))


def check_plane(plane: Optional[Image], name: str, picture: Optional[Image]) -> None:
    """A mask or weight is gray8 and, where the picture is at hand, of its size."""
    if plane is None:
        return
    if plane.format != "gray8":
        raise BadMessage(f"{name} must be a gray8 picture.", hint="Send one byte per pixel.")
    if picture and (plane.width, plane.height) != (picture.width, picture.height):
        raise BadMessage(
            f"{name} has {plane.width} x {plane.height} pixels, the picture "
            f"{picture.width} x {picture.height}.",
            hint="Send a mask of the picture's size.",
        )
