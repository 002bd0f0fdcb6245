"""A heading that opens and closes what is below it; Qt only."""

from __future__ import annotations

from ..qt import QtCore, QtGui, QtWidgets
from .icons import icon


class FoldButton(QtWidgets.QToolButton):
    """A small arrow, with or without words, that shows and hides a widget."""

    def __init__(self, text: str, body: QtWidgets.QWidget) -> None:
        super().__init__()
        self._body = body
        colour = self.palette().color(QtGui.QPalette.ColorRole.WindowText)
        self._closed, self._open = icon("right", colour), icon("down", colour)
        self.setText(text)
        self.setAutoRaise(True)
        self.setIconSize(QtCore.QSize(11, 11))
        style = QtCore.Qt.ToolButtonStyle
        self.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly
        )
        self.clicked.connect(lambda: self.set_open(not self.is_open()))
        self.set_open(False)

    def is_open(self) -> bool:
        return not self._body.isHidden()

    def set_open(self, opened: bool) -> None:
        self._body.setVisible(opened)
        self.setIcon(self._open if opened else self._closed)
