"""The timeline in small pictures, spread over the width; moving over them scrubs; Qt only."""

from __future__ import annotations

from bisect import bisect_left
from typing import Callable, Dict, List, Optional, Tuple

from ..qt import QtCore, QtGui, QtWidgets, mouse_position

_SIDE = 48  # logical pixels of a picture
_GAP = 2
_Thumbnail = Callable[[int], Optional[QtGui.QImage]]


class FilmStrip(QtWidgets.QWidget):
    """As many of the seen steps as fit, evenly over the timeline, and a mark at the present one."""

    wished = QtCore.pyqtSignal(int)  # the step under the pointer while it is pressed

    def __init__(self, thumbnail: _Thumbnail) -> None:
        super().__init__()
        self._thumbnail = thumbnail
        self._steps: Tuple[int, ...] = ()
        self._last, self._step = 0, 0
        self._shown: List[Tuple[int, int]] = []  # step and picture of each place
        self._pixmaps: Dict[Tuple[int, int], QtGui.QPixmap] = {}  # by picture and width
        self.setFixedHeight(_SIDE + 6)
        self.setMinimumWidth(_SIDE)
        self.setCursor(QtCore.Qt.CursorShape.PointingHandCursor)

    def show_steps(self, steps: Tuple[int, ...], last: int, step: int) -> None:
        """`steps` are those with a picture, in ascending order."""
        self._steps, self._last = steps, last
        shown = self._choose()
        if (shown, step) != (self._shown, self._step):
            self._shown, self._step = shown, step
            self.update()

    def _choose(self) -> List[Tuple[int, int]]:
        """The step that each place shows, and its picture's key: a later drag has others."""
        count, shown = self._places(), []
        for i in range(count if self._steps else 0):
            step = _nearest(self._steps, self._last * i / (count - 1) if count > 1 else self._last)
            image = self._thumbnail(step)
            shown.append((step, image.cacheKey() if image is not None else 0))
        return shown

    def _places(self) -> int:
        return max(1, (self.width() + _GAP) // (_SIDE + _GAP))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        self._shown = self._choose()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        used = {}
        for i, (step, key) in enumerate(self._shown):
            place = self._place(i)
            pixmap = self._pixmaps.get((key, place.width())) or self._scaled(step, place.size())
            if pixmap is not None:
                used[key, place.width()] = pixmap
                painter.drawPixmap(place.topLeft(), pixmap)
        self._pixmaps = used
        if self._shown:
            self._draw_mark(painter)
        painter.end()

    def _scaled(self, step: int, size: QtCore.QSize) -> Optional[QtGui.QPixmap]:
        image = self._thumbnail(step)
        if image is None or image.isNull():
            return None
        ratio = self.devicePixelRatioF()
        whole = size * ratio
        fitted = image.scaled(
            whole,
            QtCore.Qt.AspectRatioMode.KeepAspectRatioByExpanding,
            QtCore.Qt.TransformationMode.SmoothTransformation,
        )
        left, top = fitted.width() - whole.width(), fitted.height() - whole.height()
        part = fitted.copy(QtCore.QRect(QtCore.QPoint(left // 2, top // 2), whole))
        pixmap = QtGui.QPixmap.fromImage(part)
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _draw_mark(self, painter: QtGui.QPainter) -> None:
        x = self._centre(0) + self._span() * self._step / max(self._last, 1)
        colour = self.palette().color(QtGui.QPalette.ColorRole.Highlight)
        painter.setPen(QtGui.QPen(QtGui.QColor(0, 0, 0, 160), 4))
        painter.drawLine(QtCore.QPointF(x, 2), QtCore.QPointF(x, _SIDE + 3))
        painter.setPen(QtGui.QPen(colour.lighter(130), 2))
        painter.drawLine(QtCore.QPointF(x, 2), QtCore.QPointF(x, _SIDE + 3))

    def _place(self, i: int) -> QtCore.QRect:
        count = self._places()
        left, right = (round(k * (self.width() + _GAP) / count) for k in (i, i + 1))
        return QtCore.QRect(left, 3, right - left - _GAP, _SIDE)

    def _centre(self, i: int) -> float:
        place = self._place(i)
        return place.left() + place.width() / 2

    def _span(self) -> float:
        """From the first place's centre to the last one's."""
        return self._centre(self._places() - 1) - self._centre(0)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self._wish(event)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        self._wish(event)

    def _wish(self, event: QtGui.QMouseEvent) -> None:
        if not event.buttons() & QtCore.Qt.MouseButton.LeftButton or not self._last:
            return
        way = (mouse_position(event).x() - self._centre(0)) / max(self._span(), 1.0)
        self.wished.emit(round(min(max(way, 0.0), 1.0) * self._last))


def _nearest(steps: Tuple[int, ...], wanted: float) -> int:
    i = bisect_left(steps, wanted)
    return min(steps[max(i - 1, 0) : i + 1], key=lambda step: abs(step - wanted))
