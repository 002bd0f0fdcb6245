"""Which marks a `Drawing` consists of, as ink for any toolkit; imports values of the workbench.

Each editor's plugin only says where a document point lies in its widget, and paints the ink.
"""

from __future__ import annotations

import math
from typing import Callable, List, Optional, Sequence, Tuple, TypeVar

from ..messages import Point
from .colours import HALO_COLOUR, STATUS_COLOURS
from .drawing import (
    BADGE_AWAY,
    BADGE_RADIUS,
    BOLD,
    BOLD_LINE,
    HANDLE_RADIUS,
    LABEL_AWAY,
    LABEL_AWAY_SELECTED,
    LINE,
    MARGIN,
    PIN_RADIUS,
    START_RADIUS,
    TARGET_RADIUS,
    TRAIL_POINTS,
    TRAIL_STEP,
    Box,
    Drawing,
)
from .ink import Ink, Inkwell
from .shapes import Circle, Label, Polyline, above, arrow, beside, diamond, status_sign, thinned

ToWidget = Callable[[Point], Point]  # from a document point to logical pixels of the widget
Rectangle = Tuple[float, float, float, float]  # left, top, width, height

_T = TypeVar("_T")


def ink_of(drawing: Drawing, to_widget: ToWidget) -> Ink:
    """All that is painted; the box lies lowest, the selected handle on top."""
    well = Inkwell()
    if drawing.box is not None:
        well.frame(
            Polyline(tuple(map(to_widget, _corners(drawing.box, drawing.turn))), closed=True)
        )
    for on_top in (False, True):
        for index in range(max(len(drawing.lines), len(drawing.points))):
            if (index == drawing.selected) is on_top:
                _Mark(drawing, index, to_widget).ink(well)
        well.settle()
    return well.ink


def bounds(drawing: Drawing, to_widget: ToWidget) -> Optional[Rectangle]:
    """Where in the widget something is painted; None for an empty drawing."""
    found: List[Point] = [p for line in drawing.lines for p in (line.start, line.target)]
    found += drawing.points
    found += [p for trail in drawing.trails for p in _some_of(trail)]
    if drawing.box is not None:
        found += _corners(drawing.box, drawing.turn)
    if not found:
        return None
    across, down = zip(*map(to_widget, found))
    left, top = min(across) - MARGIN, min(down) - MARGIN
    return left, top, max(across) + MARGIN - left, max(down) + MARGIN - top


class _Mark:
    """One handle of a drawing, in the widget's pixels."""

    def __init__(self, drawing: Drawing, index: int, to_widget: ToWidget) -> None:
        line = _at(drawing.lines, index)
        now = _at(drawing.points, index)
        self._number = str(index + 1) if len(drawing.lines) > 1 else ""
        self._pinned = line is not None and line.pinned
        self._status = _at(drawing.statuses, index) or ("pinned" if self._pinned else "placed")
        self._colour = STATUS_COLOURS.get(self._status, STATUS_COLOURS["placed"])
        self._start = to_widget(line.start if line else drawing.points[index])
        self._target = to_widget(line.target) if line else None
        self._now = to_widget(now) if now else None
        self._here = self._now or self._start
        self._towards = self._target or self._here
        trail = _at(drawing.trails, index) or ()
        self._trail = [to_widget(point) for point in _some_of(trail)]
        self._selected = index == drawing.selected
        hovered = drawing.hovered
        self._hovered = hovered.end if hovered and hovered.index == index else ""

    def ink(self, well: Inkwell) -> None:
        if self._pinned:
            self._ink_pin(well)
        else:
            self._ink_way(well)
            self._ink_handle(well)
            self._ink_target(well)
        self._ink_badge(well)
        if self._number:
            self._ink_number(well)

    def _size(self, end: str) -> float:
        return (BOLD if self._selected else 1.0) * (BOLD if self._hovered == end else 1.0)

    @property
    def _width(self) -> float:
        return LINE * BOLD_LINE if self._selected else LINE

    def _ink_pin(self, well: Inkwell) -> None:
        size = PIN_RADIUS * self._size("start")
        well.area(self._colour, diamond(self._start, size))
        well.sign(Circle(self._start, 1.0))
        if self._selected:
            well.line(self._colour, diamond(self._start, size + 6), 1.5)

    def _ink_way(self, well: Inkwell) -> None:
        """Where it came from and how."""
        if self._now is None:
            return
        way = thinned([self._start, *self._trail], TRAIL_STEP)
        well.line(self._colour, Polyline((*way, self._now)))
        well.area(HALO_COLOUR, Circle(self._start, START_RADIUS))

    def _ink_handle(self, well: Inkwell) -> None:
        size = HANDLE_RADIUS * self._size("start")
        well.area(self._colour, Circle(self._here, size))
        if self._selected:
            well.line(self._colour, Circle(self._here, size + 5), 1.5)
        if self._now is not None:
            well.sign(Circle(self._now, 0.4))

    def _ink_target(self, well: Inkwell) -> None:
        if self._target is None:
            return
        found = arrow(self._here, self._target)
        if found is not None:
            shaft, head = found
            well.line(self._colour, shaft, self._width)
            well.area(self._colour, head)
        ring = Circle(self._target, TARGET_RADIUS * self._size("target"))
        well.line(self._colour, ring, self._width)

    def _ink_badge(self, well: Inkwell) -> None:
        centre = above(self._here, self._towards, BADGE_AWAY)
        signs = status_sign(self._status, centre)
        if signs:
            well.area(self._colour, Circle(centre, BADGE_RADIUS))
        for sign in signs:
            well.sign(sign)

    def _ink_number(self, well: Inkwell) -> None:
        away = LABEL_AWAY_SELECTED if self._selected else LABEL_AWAY
        well.area(HALO_COLOUR, Label(self._number, beside(self._start, self._towards, away)))


def _corners(box: Box, turn: float) -> Tuple[Point, ...]:
    left, top, right, bottom = box
    upright = (left, top), (right, top), (right, bottom), (left, bottom)
    if not turn:
        return upright
    x, y = (left + right) / 2, (top + bottom) / 2
    sine, cosine = math.sin(math.radians(turn)), math.cos(math.radians(turn))
    away = ((px - x, py - y) for px, py in upright)
    return tuple((x + cosine * a - sine * b, y + sine * a + cosine * b) for a, b in away)


def _some_of(trail: Tuple[Point, ...]) -> Tuple[Point, ...]:
    return trail[:: len(trail) // TRAIL_POINTS + 1]


def _at(values: Sequence[_T], index: int) -> Optional[_T]:
    return values[index] if index < len(values) else None
