"""The plain shapes that marks over a picture consist of, as values; imports sizes only.

All lengths are logical pixels of the screen, all points are points of the widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import List, Optional, Sequence, Tuple, Union

from ..messages import Point
from .drawing import HEAD_LENGTH, HEAD_WIDTH, TARGET_RADIUS


@dataclass(frozen=True)
class Circle:
    centre: Point
    radius: float


@dataclass(frozen=True)
class Polyline:
    points: Tuple[Point, ...]
    closed: bool = False  # whether the last point is joined to the first


@dataclass(frozen=True)
class Hook:
    """A part of a circle, clockwise on the screen, and a straight line from its end to `tip`."""

    centre: Point
    radius: float
    begin: float  # degrees; 0 is to the right, 90 downwards
    end: float  # degrees, more than at the beginning
    tip: Point


@dataclass(frozen=True)
class Label:
    """The outlines of a small bold text, LABEL_HEIGHT high, around its middle."""

    text: str
    middle: Point


Shape = Union[Circle, Polyline, Hook, Label]


def diamond(centre: Point, radius: float) -> Polyline:
    corners = ((0, -radius), (radius, 0), (0, radius), (-radius, 0))
    return _around(centre, corners, closed=True)


def arrow(start: Point, target: Point) -> Optional[Tuple[Polyline, Polyline]]:
    """Shaft and head, whose tip touches the ring around the target; None without room."""
    x, y = target[0] - start[0], target[1] - start[1]
    length = hypot(x, y)
    if length <= TARGET_RADIUS + HEAD_LENGTH:  # the ring says enough
        return None
    x, y = x / length, y / length
    tip = target[0] - x * TARGET_RADIUS, target[1] - y * TARGET_RADIUS
    back = tip[0] - x * HEAD_LENGTH, tip[1] - y * HEAD_LENGTH
    aside = -y * HEAD_WIDTH / 2, x * HEAD_WIDTH / 2
    left = back[0] + aside[0], back[1] + aside[1]
    right = back[0] - aside[0], back[1] - aside[1]
    return Polyline((start, back)), Polyline((tip, left, right), closed=True)


def status_sign(status: str, centre: Point) -> Tuple[Shape, ...]:
    """A check for reached, a bar for stuck, a question mark for lost; nothing for others."""
    if status == "reached":
        return (_around(centre, ((-3.5, 0.5), (-1, 3), (3.5, -2.5))),)
    if status == "stuck":
        return (_around(centre, ((-3.5, 0), (3.5, 0))),)
    if status == "lost":
        x, y = centre
        hook = Hook((x, y - 2), 2.5, 190, 420, (x, y + 1.6))
        return hook, _around(centre, ((0, 4.3), (0, 4.5)))
    return ()


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


def _around(centre: Point, offsets: Sequence[Point], *, closed: bool = False) -> Polyline:
    x, y = centre
    return Polyline(tuple((x + right, y + down) for right, down in offsets), closed)
