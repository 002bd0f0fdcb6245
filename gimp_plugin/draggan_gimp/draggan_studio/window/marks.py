"""Paints handles, targets and a drag under way over the picture; needs cairo.py, no Gtk."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple, TypeVar

from ..draggan_wire.messages import Point
from ..draggan_wire.workbench.colours import HALO_COLOUR, OUTLINE_COLOUR, STATUS_COLOURS
from ..draggan_wire.workbench.drawing import (
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
from .cairo import Context
from .ink import Ink, above, arrow, beside, circle, diamond, label, polyline, status_sign, thinned
from .view import Rectangle, View

_T = TypeVar("_T")


def paint_drawing(context: Context, view: View, drawing: Drawing) -> None:
    """Draws in the widget's logical pixels."""
    if drawing.box is not None:
        _paint_box(context, view, drawing.box)
    for on_top in (False, True):  # the selected one last
        ink = Ink()
        for index in range(max(len(drawing.lines), len(drawing.points))):
            if (index == drawing.selected) is on_top:
                _Mark(drawing, index, view).ink(ink)
        ink.draw(context)


def bounds(view: View, drawing: Drawing) -> Optional[Rectangle]:
    """Where in the widget something is drawn; None for an empty drawing."""
    found: List[Point] = [p for line in drawing.lines for p in (line.start, line.target)]
    found += drawing.points
    found += [p for trail in drawing.trails for p in _some_of(trail)]
    if drawing.box is not None:
        found += [drawing.box[:2], drawing.box[2:]]
    if not found:
        return None
    left, top = view.to_widget((min(x for x, _ in found), min(y for _, y in found)))
    right, bottom = view.to_widget((max(x for x, _ in found), max(y for _, y in found)))
    return left - MARGIN, top - MARGIN, right - left + 2 * MARGIN, bottom - top + 2 * MARGIN


class _Mark:
    """One handle of a drawing, in the widget's pixels."""

    def __init__(self, drawing: Drawing, index: int, view: View) -> None:
        line = _at(drawing.lines, index)
        now = _at(drawing.points, index)
        start = line.start if line else drawing.points[index]
        self._number = str(index + 1) if len(drawing.lines) > 1 else ""
        self._pinned = line is not None and line.pinned
        self._status = _at(drawing.statuses, index) or ("pinned" if self._pinned else "placed")
        self._colour = STATUS_COLOURS.get(self._status, STATUS_COLOURS["placed"])
        self._start = view.to_widget(start)
        self._target = view.to_widget(line.target) if line else None
        self._now = view.to_widget(now) if now else None
        self._here = self._now or self._start
        self._towards = self._target or self._here
        trail = _at(drawing.trails, index) or ()
        self._trail = [view.to_widget(point) for point in _some_of(trail)]
        self._selected = index == drawing.selected
        hovered = drawing.hovered
        self._hovered = hovered.end if hovered and hovered.index == index else ""

    def ink(self, ink: Ink) -> None:
        if self._pinned:
            self._ink_pin(ink)
        else:
            self._ink_way(ink)
            self._ink_handle(ink)
            self._ink_target(ink)
        self._ink_badge(ink)
        if self._number:
            self._ink_number(ink)

    def _size(self, end: str) -> float:
        return (BOLD if self._selected else 1.0) * (BOLD if self._hovered == end else 1.0)

    @property
    def _width(self) -> float:
        return LINE * BOLD_LINE if self._selected else LINE

    def _ink_pin(self, ink: Ink) -> None:
        size = PIN_RADIUS * self._size("start")
        ink.area(self._colour, diamond(self._start, size))
        ink.sign(circle(self._start, 1.0))
        if self._selected:
            ink.line(self._colour, diamond(self._start, size + 6), 1.5)

    def _ink_way(self, ink: Ink) -> None:
        """Where it came from and how."""
        if self._now is None:
            return
        way = thinned([self._start, *self._trail], TRAIL_STEP)
        ink.line(self._colour, polyline([*way, self._now]))
        ink.area(HALO_COLOUR, circle(self._start, START_RADIUS))

    def _ink_handle(self, ink: Ink) -> None:
        size = HANDLE_RADIUS * self._size("start")
        ink.area(self._colour, circle(self._here, size))
        if self._selected:
            ink.line(self._colour, circle(self._here, size + 5), 1.5)
        if self._now is not None:
            ink.sign(circle(self._now, 0.4))

    def _ink_target(self, ink: Ink) -> None:
        if self._target is None:
            return
        found = arrow(self._here, self._target)
        if found is not None:
            shaft, head = found
            ink.line(self._colour, shaft, self._width)
            ink.area(self._colour, head)
        ring = circle(self._target, TARGET_RADIUS * self._size("target"))
        ink.line(self._colour, ring, self._width)

    def _ink_badge(self, ink: Ink) -> None:
        centre = above(self._here, self._towards, BADGE_AWAY)
        sign = status_sign(self._status, centre)
        if sign is not None:
            ink.area(self._colour, circle(centre, BADGE_RADIUS))
            ink.sign(sign)

    def _ink_number(self, ink: Ink) -> None:
        away = LABEL_AWAY_SELECTED if self._selected else LABEL_AWAY
        ink.area(HALO_COLOUR, label(self._number, beside(self._start, self._towards, away)))


def _paint_box(context: Context, view: View, box: Box) -> None:
    """Thin dashes, dark upon light."""
    left, top = view.to_widget(box[:2])
    right, bottom = view.to_widget(box[2:])
    with context.saved():
        context.rectangle((left, top, right - left, bottom - top))
        context.set_pen(1.0)
        context.set_colour(HALO_COLOUR, 0.67)
        context.stroke(keep=True)
        context.set_dashes(4.0, 4.0)
        context.set_colour(OUTLINE_COLOUR)
        context.stroke()


def _some_of(trail: Tuple[Point, ...]) -> Tuple[Point, ...]:
    return trail[:: len(trail) // TRAIL_POINTS + 1]


def _at(values: Sequence[_T], index: int) -> Optional[_T]:
    return values[index] if index < len(values) else None
