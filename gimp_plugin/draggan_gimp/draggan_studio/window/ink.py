"""Shapes and how they are inked, so that they stand out on any picture; needs cairo.py, no Gtk.

All lengths are logical pixels. Every shape is inked thrice, widest first: a white halo, a dark
outline, the colour.
"""

from __future__ import annotations

from math import atan2, cos, hypot, radians, sin
from typing import Callable, List, Optional, Sequence, Tuple

from ..draggan_wire.messages import Point
from ..draggan_wire.workbench.colours import HALO_COLOUR, OUTLINE_COLOUR
from ..draggan_wire.workbench.drawing import (
    HALO,
    HEAD_LENGTH,
    HEAD_WIDTH,
    LABEL_HEIGHT,
    LINE,
    OUTLINE,
    TARGET_RADIUS,
)
from .cairo import Context

Shape = Callable[[Context], None]  # adds itself to the context's path


class Ink:
    """Collects shapes, so that all halos lie under all outlines and those under all colours."""

    def __init__(self) -> None:
        self._lines: List[Tuple[str, float, Shape]] = []
        self._areas: List[Tuple[str, Shape]] = []
        self._signs: List[Shape] = []

    def line(self, colour: str, shape: Shape, width: float = LINE) -> None:
        self._lines.append((colour, width, shape))

    def area(self, colour: str, shape: Shape) -> None:
        self._areas.append((colour, shape))

    def sign(self, shape: Shape) -> None:
        """A dark line upon an area."""
        self._signs.append(shape)

    def draw(self, context: Context) -> None:
        for under, wider in ((HALO_COLOUR, HALO), (OUTLINE_COLOUR, OUTLINE)):
            for _, width, shape in self._lines:
                _stroke(context, under, width + wider, shape)
            for _, shape in self._areas:
                _stroke(context, under, wider, shape)
        for colour, width, shape in self._lines:
            _stroke(context, colour, width, shape)
        for colour, shape in self._areas:
            shape(context)
            context.set_colour(colour)
            context.fill()
        for shape in self._signs:
            _stroke(context, OUTLINE_COLOUR, LINE, shape)


def circle(centre: Point, radius: float) -> Shape:
    return lambda context: context.circle(centre[0], centre[1], radius)


def diamond(centre: Point, radius: float) -> Shape:
    corners = ((0, -radius), (radius, 0), (0, radius), (-radius, 0))
    return polyline(_around(centre, corners), closed=True)


def polyline(points: Sequence[Point], *, closed: bool = False) -> Shape:
    return lambda context: context.polyline(points, closed=closed)


def label(text: str, middle: Point) -> Shape:
    """A small bold text."""
    return lambda context: context.centred_text(text, middle[0], middle[1], LABEL_HEIGHT)


def arrow(start: Point, target: Point) -> Optional[Tuple[Shape, Shape]]:
    """Shaft and head, whose tip touches the ring around the target; None without room."""
    length = hypot(target[0] - start[0], target[1] - start[1])
    if length <= TARGET_RADIUS + HEAD_LENGTH:  # the ring says enough
        return None
    turn = atan2(target[1] - start[1], target[0] - start[0])
    x, y = cos(turn), sin(turn)
    tip = target[0] - x * TARGET_RADIUS, target[1] - y * TARGET_RADIUS
    back = tip[0] - x * HEAD_LENGTH, tip[1] - y * HEAD_LENGTH
    aside = -y * HEAD_WIDTH / 2, x * HEAD_WIDTH / 2
    left = back[0] + aside[0], back[1] + aside[1]
    right = back[0] - aside[0], back[1] - aside[1]
    return polyline((start, back)), polyline((tip, left, right), closed=True)


def thinned(points: Sequence[Point], distance: float) -> List[Point]:
    """Those that are at least so far from the one before; the first always."""
    kept = list(points[:1])
    for point in points[1:]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= distance:
            kept.append(point)
    return kept


def beside(start: Point, target: Point, distance: float) -> Point:
    """A point at that distance from the start, on the side that an arrow does not go."""
    x, y = target[0] - start[0], target[1] - start[1]
    length = hypot(x, y)
    if length < 1e-6:
        return start[0] - distance * 0.7, start[1] - distance * 0.7
    return start[0] - x * distance / length, start[1] - y * distance / length


def above(start: Point, target: Point, distance: float) -> Point:
    """A point at that distance from the start, square to the arrow, on its upper side."""
    x, y = target[0] - start[0], target[1] - start[1]
    length = hypot(x, y)
    if length < 1e-6:
        return start[0] + distance * 0.7, start[1] - distance * 0.7
    up = 1 if x >= 0 else -1
    return start[0] + up * y * distance / length, start[1] - up * x * distance / length


def status_sign(status: str, centre: Point) -> Optional[Shape]:
    """A check for reached, a bar for stuck, a question mark for lost; None for others."""
    if status == "reached":
        return polyline(_around(centre, ((-3.5, 0.5), (-1, 3), (3.5, -2.5))))
    if status == "stuck":
        return polyline(_around(centre, ((-3.5, 0), (3.5, 0))))
    return _question_mark(centre) if status == "lost" else None


def _question_mark(centre: Point) -> Shape:
    x, y = centre

    def shape(context: Context) -> None:
        context.arc(x, y - 2, 2.5, radians(190), radians(420))
        context.line_to(x, y + 1.6)
        context.polyline(((x, y + 4.3), (x, y + 4.5)))

    return shape


def _around(centre: Point, offsets: Sequence[Point]) -> List[Point]:
    return [(centre[0] + x, centre[1] + y) for x, y in offsets]


def _stroke(context: Context, colour: str, width: float, shape: Shape) -> None:
    shape(context)
    context.set_colour(colour)
    context.set_pen(width)
    context.stroke()
