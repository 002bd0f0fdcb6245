"""Paints a `Drawing` over the canvas; imports qt.py and what the workbench says of marks."""

from __future__ import annotations

from functools import lru_cache

from .draggan_wire.messages import Point
from .draggan_wire.workbench import marks
from .draggan_wire.workbench.drawing import DASH, LABEL_HEIGHT, Drawing
from .draggan_wire.workbench.ink import COVERED, DASHED
from .draggan_wire.workbench.shapes import Circle, Hook, Label, Shape
from .qt import QtCore, QtGui


def paint_drawing(painter: QtGui.QPainter, to_widget: QtGui.QTransform, drawing: Drawing) -> None:
    """Draws with a painter that works in the widget's logical pixels.

    Shapes are stroked one by one: Qt takes ten times as long for many of them in one path.
    """
    ink = marks.ink_of(drawing, _mapping(to_widget))
    paths = [_path(shape) for shape in ink.shapes]
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    for coat in ink.coats:
        path = paths[coat.shape]
        if coat.width is None:
            painter.fillPath(path, QtGui.QColor(coat.colour))
        else:
            painter.strokePath(path, _pen(coat.colour, coat.width, coat.pen, coat.opacity))
    painter.restore()


def bounds(to_widget: QtGui.QTransform, drawing: Drawing) -> QtCore.QRectF:
    """Where in the widget something is drawn; null for an empty drawing."""
    return QtCore.QRectF(*(marks.bounds(drawing, _mapping(to_widget)) or ()))


def _mapping(transform: QtGui.QTransform) -> marks.ToWidget:
    """The same in plain numbers, which is quicker than Qt's points; views have no perspective."""
    xx, xy, yx, yy = transform.m11(), transform.m21(), transform.m12(), transform.m22()
    right, down = transform.dx(), transform.dy()

    def to_widget(point: Point) -> Point:
        x, y = point
        return xx * x + xy * y + right, yx * x + yy * y + down

    return to_widget


def _path(shape: Shape) -> QtGui.QPainterPath:
    if isinstance(shape, Label):
        return _text(shape.text).translated(*shape.middle)
    path = QtGui.QPainterPath()
    if isinstance(shape, Circle):
        path.addEllipse(QtCore.QPointF(*shape.centre), shape.radius, shape.radius)
    elif isinstance(shape, Hook):
        _add_hook(path, shape)
    else:
        path.addPolygon(QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in shape.points]))
        if shape.closed:
            path.closeSubpath()
    return path


def _add_hook(path: QtGui.QPainterPath, hook: Hook) -> None:
    """Qt counts degrees counterclockwise."""
    (x, y), radius = hook.centre, hook.radius
    square = QtCore.QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
    path.arcMoveTo(square, -hook.begin)
    path.arcTo(square, -hook.begin, hook.begin - hook.end)
    path.lineTo(*hook.tip)


@lru_cache(maxsize=128)
def _text(text: str) -> QtGui.QPainterPath:
    """Around (0, 0)."""
    font = QtGui.QFont()
    font.setPixelSize(LABEL_HEIGHT)
    font.setBold(True)
    path = QtGui.QPainterPath()
    path.addText(QtCore.QPointF(0, 0), font, text)
    return path.translated(-path.boundingRect().center())


@lru_cache(maxsize=64)
def _pen(colour: str, width: float, kind: str, opacity: float) -> QtGui.QPen:
    ink = QtGui.QColor(colour)
    ink.setAlphaF(opacity)
    caps = QtCore.Qt.PenCapStyle
    # Qt takes ten times as long for the round ends of a long line.
    cap = {COVERED: caps.FlatCap, DASHED: caps.SquareCap}.get(kind, caps.RoundCap)
    style, join = QtCore.Qt.PenStyle.SolidLine, QtCore.Qt.PenJoinStyle.RoundJoin
    pen = QtGui.QPen(QtGui.QBrush(ink), width, style, cap, join)
    if kind == DASHED:
        pen.setDashPattern([DASH / width, DASH / width])
    return pen
