"""The transparent widget over a canvas that shows handles and a picture; imports qt.py, marks.py.

It takes no events: what is under it gets them. It is a child of the canvas and dies with it.
"""

from __future__ import annotations

from typing import Optional, Tuple

from .draggan_wire.workbench.drawing import Drawing
from .marks import bounds, paint_drawing
from .qt import QtCore, QtGui, QtWidgets, is_deleted
from .surface import Surface, scale_of, transform_of, widget_of

SHARP_FROM = 2.0  # magnified more than this, pixels are shown as squares, as the host does

Box = Tuple[float, float, float, float]  # left, top, width, height in document points


class Overlay(QtWidgets.QWidget):
    """Over the canvas of one view. Call `follow` every 30 ms or so: no host tells of its views."""

    def __init__(self, surface: Surface) -> None:
        super().__init__(widget_of(surface))
        self._surface = surface
        self._to_widget = QtGui.QTransform()
        self._drawing = Drawing()
        self._picture: Optional[QtGui.QImage] = None
        self._box: Box = (0.0, 0.0, 0.0, 0.0)
        attribute = QtCore.Qt.WidgetAttribute
        self.setAttribute(attribute.WA_TransparentForMouseEvents)
        self.setAttribute(attribute.WA_NoSystemBackground)
        self.setAttribute(attribute.WA_TranslucentBackground)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self.hide()
        self.follow()

    def show_drawing(self, drawing: Drawing) -> None:
        """Draws this in place of what was drawn before."""
        if drawing == self._drawing or is_deleted(self):
            return
        before = bounds(self._to_widget, self._drawing)
        self._drawing = drawing
        self._renew(before.united(bounds(self._to_widget, drawing)))

    def show_picture(
        self, picture: Optional[QtGui.QImage], box: Box = (0.0, 0.0, 0.0, 0.0)
    ) -> None:
        """Shows a picture under the drawing, stretched over that part of the document."""
        if is_deleted(self) or (picture is None and self._picture is None):
            return
        before = self._picture_bounds()
        self._picture = None if picture is None else _quick_to_draw(picture)
        self._box = box
        self._renew(before.united(self._picture_bounds()))

    def follow(self) -> bool:
        """Adopts the view's zoom, rotation, scrolling and size; False when the canvas is gone."""
        if is_deleted(self):
            return False
        canvas, to_widget = widget_of(self._surface), transform_of(self._surface)
        if canvas is None or to_widget is None or canvas != self.parentWidget():
            return False
        if self.geometry() != canvas.rect():
            self.setGeometry(canvas.rect())
        if to_widget != self._to_widget:
            self._to_widget = to_widget
            self.update()
        return True

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        try:
            if self._picture is not None:
                self._paint_picture(painter, self._picture)
            paint_drawing(painter, self._to_widget, self._drawing)
        finally:
            painter.end()

    def _renew(self, where: QtCore.QRectF) -> None:
        """Hidden when there is nothing to show: then it costs the host nothing."""
        self.setVisible(self._picture is not None or self._drawing != Drawing())
        self.update(where.toAlignedRect())

    def _paint_picture(self, painter: QtGui.QPainter, picture: QtGui.QImage) -> None:
        painter.save()
        left, top, width, height = self._box
        magnified = scale_of(self._to_widget) * width / max(picture.width(), 1)
        hint = QtGui.QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(hint, magnified <= SHARP_FROM)
        painter.setTransform(self._to_widget, True)
        painter.drawImage(QtCore.QRectF(left, top, width, height), picture)
        painter.restore()

    def _picture_bounds(self) -> QtCore.QRectF:
        if self._picture is None:
            return QtCore.QRectF()
        return self._to_widget.mapRect(QtCore.QRectF(*self._box)).adjusted(-1, -1, 1, 1)


def _quick_to_draw(picture: QtGui.QImage) -> QtGui.QImage:
    """In the format that Qt's painting is fastest with; also frees it from the caller's bytes."""
    format_ = QtGui.QImage.Format
    wanted = format_.Format_ARGB32_Premultiplied
    if not picture.hasAlphaChannel():
        wanted = format_.Format_RGB32
    return picture.copy() if picture.format() == wanted else picture.convertToFormat(wanted)
