"""The handles' numbers in a line, each in the colour of its state; Qt only."""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from ..draggan_wire.workbench.colours import OUTLINE_COLOUR, STATUS_COLOURS
from ..qt import QtCore, QtGui, QtWidgets

_SIZE = 17  # logical pixels of a mark
_GAP = 3


class HandleList(QtWidgets.QWidget):
    """One numbered mark for each handle, the selected one with a ring; as many as fit."""

    def __init__(self, tip: Callable[[int, str], str]) -> None:
        super().__init__()
        self._tip = tip  # what to say of handle i (from 0) with that status
        self._statuses: Tuple[str, ...] = ()
        self._selected: Optional[int] = None
        self.setFixedHeight(_SIZE + 4)
        self.setMinimumWidth(_SIZE * 2)

    def show_handles(self, statuses: Tuple[str, ...], selected: Optional[int]) -> None:
        if (statuses, selected) != (self._statuses, self._selected):
            self._statuses, self._selected = statuses, selected
            self.setAccessibleName(", ".join(self._tip(i, s) for i, s in enumerate(statuses)))
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(10)
        font.setBold(True)
        painter.setFont(font)
        shown = self._room()
        for i, status in enumerate(self._statuses[:shown]):
            self._draw_mark(painter, i, status)
        if shown < len(self._statuses):
            painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
            more = self._place(shown)
            painter.drawText(more, QtCore.Qt.AlignmentFlag.AlignCenter, "…")
        painter.end()

    def _draw_mark(self, painter: QtGui.QPainter, i: int, status: str) -> None:
        place = self._place(i)
        colour = QtGui.QColor(STATUS_COLOURS.get(status, STATUS_COLOURS["placed"]))
        ring = self.palette().color(QtGui.QPalette.ColorRole.WindowText)
        painter.setPen(QtGui.QPen(ring, 2) if i == self._selected else QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if status == "pinned":
            painter.drawRoundedRect(place, 3, 3)
        else:
            painter.drawEllipse(place)
        painter.setPen(QtGui.QColor(OUTLINE_COLOUR))
        painter.drawText(place, QtCore.Qt.AlignmentFlag.AlignCenter, str(i + 1))

    def _place(self, i: int) -> QtCore.QRectF:
        return QtCore.QRectF(1.5 + i * (_SIZE + _GAP), 2, _SIZE, _SIZE)

    def _room(self) -> int:
        """How many marks fit; one place less where the rest is only hinted at."""
        places = max(1, (self.width() - 3 + _GAP) // (_SIZE + _GAP))
        return len(self._statuses) if len(self._statuses) <= places else places - 1

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip:
            i = int(event.pos().x() - 1.5) // (_SIZE + _GAP)
            if 0 <= i < min(self._room(), len(self._statuses)):
                text = self._tip(i, self._statuses[i])
                QtWidgets.QToolTip.showText(event.globalPos(), text, self)
            return True
        return bool(super().event(event))
