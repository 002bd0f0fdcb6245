"""The shapes that stand for handles, and how they are inked; imports qt.py and colours.py only.

All lengths are logical pixels of the screen. Every shape is inked thrice, widest first: a white
halo, a dark outline, the colour; so one of them stands out on any picture.
"""

from __future__ import annotations

from functools import lru_cache
from math import atan2, cos, sin
from typing import List, Tuple

from .draggan_wire.workbench.colours import HALO_COLOUR, OUTLINE_COLOUR
from .draggan_wire.workbench.drawing import (
    HALO,
    HEAD_LENGTH,
    HEAD_WIDTH,
    LABEL_HEIGHT,
    LINE,
    OUTLINE,
    TARGET_RADIUS,
)
from .qt import QtCore, QtGui


class Ink:
    """Collects shapes, so that all halos lie under all outlines and those under all colours.

    They are stroked one by one: Qt takes ten times as long for many shapes in one path. So it does
    for the round ends of a long line, which are therefore left away.
    """

    def __init__(self) -> None:
        self._lines: List[Tuple[str, float, QtGui.QPainterPath]] = []
        self._areas: List[Tuple[str, QtGui.QPainterPath]] = []
        self._signs: List[QtGui.QPainterPath] = []

    def line(self, colour: str, path: QtGui.QPainterPath, width: float = LINE) -> None:
        self._lines.append((colour, width, path))

    def area(self, colour: str, path: QtGui.QPainterPath) -> None:
        self._areas.append((colour, path))

    def sign(self, path: QtGui.QPainterPath) -> None:
        """A dark line upon an area."""
        self._signs.append(path)

    def draw(self, painter: QtGui.QPainter) -> None:
        for under, wider in ((HALO_COLOUR, HALO), (OUTLINE_COLOUR, OUTLINE)):
            for _, width, path in self._lines:
                painter.strokePath(path, _pen(under, width + wider, flat=_is_one_line(path)))
            for _, path in self._areas:
                painter.strokePath(path, _pen(under, wider))
        for colour, width, path in self._lines:
            painter.strokePath(path, _pen(colour, width, flat=_is_one_line(path)))
        for colour, path in self._areas:
            painter.fillPath(path, QtGui.QColor(colour))
        for path in self._signs:
            painter.strokePath(path, _pen(OUTLINE_COLOUR, LINE))


def circle(centre: QtCore.QPointF, radius: float) -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addEllipse(centre, radius, radius)
    return path


def diamond(centre: QtCore.QPointF, radius: float) -> QtGui.QPainterPath:
    return _polygon(centre, ((0, -radius), (radius, 0), (0, radius), (-radius, 0)))


def polyline(points: List[QtCore.QPointF]) -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addPolygon(QtGui.QPolygonF(points))
    return path


def thinned(points: List[QtCore.QPointF], distance: float) -> List[QtCore.QPointF]:
    """Those that are at least so far from the one before; the first always."""
    kept = points[:1]
    for point in points[1:]:
        if (point - kept[-1]).manhattanLength() >= distance:
            kept.append(point)
    return kept


def arrow(
    start: QtCore.QPointF, target: QtCore.QPointF
) -> Tuple[QtGui.QPainterPath, QtGui.QPainterPath]:
    """Shaft and head, whose tip touches the ring around the target; both empty without room."""
    way = target - start
    turn = atan2(way.y(), way.x())
    forward = QtCore.QPointF(cos(turn), sin(turn))
    aside = QtCore.QPointF(-forward.y(), forward.x()) * (HEAD_WIDTH / 2)
    tip = target - forward * TARGET_RADIUS
    back = tip - forward * HEAD_LENGTH
    shaft = QtGui.QPainterPath(start)
    shaft.lineTo(back)
    if QtCore.QPointF.dotProduct(back - start, way) <= 0:  # no room: the ring says enough
        return QtGui.QPainterPath(), QtGui.QPainterPath()
    return shaft, polyline([tip, back + aside, back - aside, tip])


def label(text: str, at: QtCore.QPointF) -> QtGui.QPainterPath:
    """A small bold text whose middle is at that point."""
    return _text(text).translated(at)


@lru_cache(maxsize=128)
def _text(text: str) -> QtGui.QPainterPath:
    """Around (0, 0)."""
    font = QtGui.QFont()
    font.setPixelSize(LABEL_HEIGHT)
    font.setBold(True)
    path = QtGui.QPainterPath()
    path.addText(QtCore.QPointF(0, 0), font, text)
    return path.translated(-path.boundingRect().center())


def beside(start: QtCore.QPointF, target: QtCore.QPointF, distance: float) -> QtCore.QPointF:
    """A point at that distance from the start, on the side that an arrow does not go."""
    way = target - start
    length = (way.x() ** 2 + way.y() ** 2) ** 0.5
    if length < 1e-6:
        return start + QtCore.QPointF(-distance, -distance) * 0.7
    return start - way * (distance / length)


def above(start: QtCore.QPointF, target: QtCore.QPointF, distance: float) -> QtCore.QPointF:
    """A point at that distance from the start, square to the arrow, on its upper side."""
    way = target - start
    length = (way.x() ** 2 + way.y() ** 2) ** 0.5
    if length < 1e-6:
        return start + QtCore.QPointF(distance, -distance) * 0.7
    square = QtCore.QPointF(way.y(), -way.x()) * (distance / length)
    return start + (square if square.y() <= 0 else -square)


def status_sign(status: str, centre: QtCore.QPointF) -> QtGui.QPainterPath:
    """A check for reached, a bar for stuck, a question mark for lost; nothing for others."""
    x, y = centre.x(), centre.y()
    path = QtGui.QPainterPath()
    if status == "reached":
        path.addPolygon(_points(centre, ((-3.5, 0.5), (-1, 3), (3.5, -2.5))))
    elif status == "stuck":
        path.addPolygon(_points(centre, ((-3.5, 0), (3.5, 0))))
    elif status == "lost":
        path.arcMoveTo(x - 2.5, y - 4.5, 5, 5, 170)
        path.arcTo(x - 2.5, y - 4.5, 5, 5, 170, -230)
        path.lineTo(x, y + 1.6)
        path.moveTo(x, y + 4.3)
        path.lineTo(x, y + 4.5)
    return path


def _points(centre: QtCore.QPointF, offsets: Tuple[Tuple[float, float], ...]) -> QtGui.QPolygonF:
    return QtGui.QPolygonF([centre + QtCore.QPointF(x, y) for x, y in offsets])


def _polygon(
    centre: QtCore.QPointF, offsets: Tuple[Tuple[float, float], ...]
) -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addPolygon(_points(centre, offsets))
    path.closeSubpath()
    return path


def _is_one_line(path: QtGui.QPainterPath) -> bool:
    return path.elementCount() == 2


@lru_cache(maxsize=64)
def _pen(colour: str, width: float, *, flat: bool = False) -> QtGui.QPen:
    style, join = QtCore.Qt.PenStyle.SolidLine, QtCore.Qt.PenJoinStyle.RoundJoin
    cap = QtCore.Qt.PenCapStyle.FlatCap if flat else QtCore.Qt.PenCapStyle.RoundCap
    return QtGui.QPen(QtGui.QBrush(QtGui.QColor(colour)), width, style, cap, join)
