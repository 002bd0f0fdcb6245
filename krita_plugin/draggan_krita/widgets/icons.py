"""Small pictures for buttons, drawn in the theme's own text colour; Qt only."""

from __future__ import annotations

from typing import Callable, Dict

from ..qt import QtCore, QtGui

SIZE = 16  # logical pixels; the drawings below use this grid
_DENSITY = 2.0  # device pixels of an icon per logical one


def icon(name: str, colour: QtGui.QColor) -> QtGui.QIcon:
    """The icon of that name (a key of the table below), fainter where its button is disabled."""
    faint = QtGui.QColor(colour)
    faint.setAlphaF(0.35)
    result = QtGui.QIcon(_pixmap(name, colour))
    result.addPixmap(_pixmap(name, faint), QtGui.QIcon.Mode.Disabled)
    return result


def dot(colour: QtGui.QColor, *, hollow: bool = False, size: int = 10) -> QtGui.QPixmap:
    """A round mark, a ring if `hollow`."""
    pixmap = _empty(size)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtGui.QPen(colour, 1.6))
    painter.setBrush(QtGui.QBrush() if hollow else QtGui.QBrush(colour))
    painter.drawEllipse(QtCore.QRectF(1.5, 1.5, size - 3, size - 3))
    painter.end()
    return pixmap


def _pixmap(name: str, colour: QtGui.QColor) -> QtGui.QPixmap:
    pixmap = _empty(SIZE)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    pen = QtGui.QPen(colour, 1.6)
    pen.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(QtGui.QBrush(colour) if name in _FILLED else QtGui.QBrush())
    painter.drawPath(_DRAWINGS[name]())
    painter.end()
    return pixmap


def _empty(size: int) -> QtGui.QPixmap:
    pixmap = QtGui.QPixmap(round(size * _DENSITY), round(size * _DENSITY))
    pixmap.setDevicePixelRatio(_DENSITY)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    return pixmap


def _lines(*strokes: str) -> QtGui.QPainterPath:
    """Strokes such as "2,3 8,9 4,4": the corners of a polyline each."""
    path = QtGui.QPainterPath()
    for stroke in strokes:
        points = [tuple(map(float, pair.split(","))) for pair in stroke.split()]
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
    return path


def _place() -> QtGui.QPainterPath:
    path = _lines("5,11 12.5,3.5", "8.5,3 13,3 13,7.5")
    path.addEllipse(QtCore.QPointF(4, 12), 2, 2)
    return path


def _vector() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addRect(1.5, 10.5, 4, 4)
    path.addRect(10.5, 1.5, 4, 4)
    path.moveTo(5.5, 12.5)
    path.cubicTo(11, 12.5, 5, 3.5, 10.5, 3.5)
    return path


def _film() -> QtGui.QPainterPath:
    path = _lines("4.5,2.5 4.5,13.5", "11.5,2.5 11.5,13.5", "1.5,6 4.5,6", "1.5,10 4.5,10")
    path.addPath(_lines("11.5,6 14.5,6", "11.5,10 14.5,10"))
    path.addRect(1.5, 2.5, 13, 11)
    return path


def _keep() -> QtGui.QPainterPath:
    path = _lines("8,1.5 8,9", "5,6.2 8,9.2 11,6.2")
    path.addPath(_lines("2,9.5 2,14 14,14 14,9.5"))
    return path


def _again() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.arcMoveTo(2.5, 2.5, 11, 11, 50)
    path.arcTo(2.5, 2.5, 11, 11, 50, 285)
    path.addPath(_lines("12.2,1 12.2,4.6 8.6,4.6"))
    return path


_FILLED = ("play", "stop", "back", "forward")
_DRAWINGS: Dict[str, Callable[[], QtGui.QPainterPath]] = {
    "place": _place,
    "play": lambda: _lines("4,2.5 13,8 4,13.5 4,2.5"),
    "stop": lambda: _lines("4,4 12,4 12,12 4,12 4,4"),
    "back": lambda: _lines("11,3.5 5,8 11,12.5 11,3.5"),
    "forward": lambda: _lines("5,3.5 11,8 5,12.5 5,3.5"),
    "delete": lambda: _lines("4,4 12,12", "12,4 4,12"),
    "clear": lambda: _lines(
        "2.5,4 13.5,4",
        "6,4 6,2 10,2 10,4",
        "4,4 4.8,14 11.2,14 12,4",
        "6.8,7 6.8,11",
        "9.2,7 9.2,11",
    ),
    "vector": _vector,
    "keep": _keep,
    "film": _film,
    "again": _again,
    "right": lambda: _lines("6,3.5 10.5,8 6,12.5"),
    "down": lambda: _lines("3.5,6 8,10.5 12.5,6"),
    "copy": lambda: _lines(
        "5.5,5.5 13.5,5.5 13.5,13.5 5.5,13.5 5.5,5.5", "3,10.5 2.5,2.5 10.5,2.5"
    ),
}
