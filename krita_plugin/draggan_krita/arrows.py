"""Paints a `Drawing` over the canvas; imports qt.py and the shapes."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple, TypeVar

from .draggan_wire.messages import Point
from .draggan_wire.workbench.colours import HALO_COLOUR, OUTLINE_COLOUR, STATUS_COLOURS
from .draggan_wire.workbench.drawing import (
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
from .marks import (
    Ink,
    above,
    arrow,
    beside,
    circle,
    diamond,
    label,
    polyline,
    status_sign,
    thinned,
)
from .qt import QtCore, QtGui

_T = TypeVar("_T")


def paint_drawing(painter: QtGui.QPainter, to_widget: QtGui.QTransform, drawing: Drawing) -> None:
    """Draws with a painter that works in the widget's logical pixels."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    if drawing.box is not None:
        _paint_box(painter, to_widget.map(QtGui.QPolygonF(_corners(drawing.box))))
    for on_top in (False, True):  # the selected one last
        ink = Ink()
        for index in range(max(len(drawing.lines), len(drawing.points))):
            if (index == drawing.selected) is on_top:
                _Mark(drawing, index, to_widget).ink(ink)
        ink.draw(painter)
    painter.restore()


def bounds(to_widget: QtGui.QTransform, drawing: Drawing) -> QtCore.QRectF:
    """Where in the widget something is drawn; null for an empty drawing."""
    found = [QtCore.QPointF(*p) for line in drawing.lines for p in (line.start, line.target)]
    found += [QtCore.QPointF(*p) for p in drawing.points]
    found += [QtCore.QPointF(*p) for trail in drawing.trails for p in _some_of(trail)]
    if drawing.box is not None:
        found += _corners(drawing.box)
    if not found:
        return QtCore.QRectF()
    around = to_widget.map(QtGui.QPolygonF(found)).boundingRect()
    return around.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)


class _Mark:
    """One handle of a drawing, in the widget's pixels."""

    def __init__(self, drawing: Drawing, index: int, to_widget: QtGui.QTransform) -> None:
        line = _at(drawing.lines, index)
        now = _at(drawing.points, index)
        start = line.start if line else drawing.points[index]
        self._number = str(index + 1) if len(drawing.lines) > 1 else ""
        self._pinned = line is not None and line.pinned
        self._status = _at(drawing.statuses, index) or ("pinned" if self._pinned else "placed")
        self._colour = STATUS_COLOURS.get(self._status, STATUS_COLOURS["placed"])
        self._start = to_widget.map(QtCore.QPointF(*start))
        self._target = to_widget.map(QtCore.QPointF(*line.target)) if line else None
        self._now = to_widget.map(QtCore.QPointF(*now)) if now else None
        trail = _at(drawing.trails, index) or ()
        self._trail = [to_widget.map(QtCore.QPointF(*point)) for point in _some_of(trail)]
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

    @property
    def _here(self) -> QtCore.QPointF:
        return self._now if self._now is not None else self._start

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
        shaft, head = arrow(self._here, self._target)
        ink.line(self._colour, shaft, self._width)
        ink.area(self._colour, head)
        ring = circle(self._target, TARGET_RADIUS * self._size("target"))
        ink.line(self._colour, ring, self._width)

    def _ink_badge(self, ink: Ink) -> None:
        centre = above(self._here, self._towards, BADGE_AWAY)
        sign = status_sign(self._status, centre)
        if not sign.isEmpty():
            ink.area(self._colour, circle(centre, BADGE_RADIUS))
            ink.sign(sign)

    def _ink_number(self, ink: Ink) -> None:
        away = LABEL_AWAY_SELECTED if self._selected else LABEL_AWAY
        ink.area(HALO_COLOUR, label(self._number, beside(self._start, self._towards, away)))

    @property
    def _towards(self) -> QtCore.QPointF:
        return self._target if self._target is not None else self._here


def _paint_box(painter: QtGui.QPainter, corners: QtGui.QPolygonF) -> None:
    """Thin dashes, dark upon light."""
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    light, dark = QtGui.QColor(HALO_COLOUR), QtGui.QColor(OUTLINE_COLOUR)
    light.setAlpha(170)
    painter.setPen(QtGui.QPen(light, 1.0))
    painter.drawPolygon(corners)
    pen = QtGui.QPen(dark, 1.0)
    pen.setDashPattern([4.0, 4.0])
    painter.setPen(pen)
    painter.drawPolygon(corners)


def _corners(box: Box) -> List[QtCore.QPointF]:
    left, top, right, bottom = box
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return [QtCore.QPointF(x, y) for x, y in corners]


def _some_of(trail: Tuple[Point, ...]) -> Tuple[Point, ...]:
    return trail[:: len(trail) // TRAIL_POINTS + 1]


def _at(values: Sequence[_T], index: int) -> Optional[_T]:
    return values[index] if index < len(values) else None
