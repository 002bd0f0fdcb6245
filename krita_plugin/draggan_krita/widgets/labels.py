"""Labels that fit a narrow docker: they wrap, and never ask for more width than there is; Qt."""

from __future__ import annotations

import re

from ..qt import QtCore, QtGui, QtWidgets
from .quiet import set_colour, set_text
from .tones import quiet_text

_LONG_WORD = re.compile(r"\S{18,}")
_BREAKABLE = re.compile(r"(?<=[/\\._:-])(?=\w)")
_NO_WIDTH = "\u200b"  # a place to break that cannot be seen


class WrapLabel(QtWidgets.QLabel):
    """Plain text over as many lines as it needs; long paths break at their slashes."""

    def __init__(self, text: str = "", *, quiet: bool = False, small: bool = False) -> None:
        super().__init__()
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Fixed)
        if small:
            font = self.font()
            font.setPointSizeF(font.pointSizeF() * 0.92)
            self.setFont(font)
        if quiet:
            set_colour(self, QtGui.QPalette.ColorRole.WindowText, quiet_text(self.palette()))
        self.show_text(text)

    def show_text(self, text: str) -> None:
        set_text(self, _LONG_WORD.sub(_with_breaks, text))
        self._fit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Exactly as high as its lines: layouts guess too much from a width that they ignore."""
        height = max(self.heightForWidth(self.width()), self.fontMetrics().lineSpacing())
        if self.maximumHeight() != height:
            self.setFixedHeight(height)

    def plain(self) -> str:
        """The text as it was given."""
        return self.text().replace(_NO_WIDTH, "")


def _with_breaks(word: "re.Match[str]") -> str:
    return _BREAKABLE.sub(_NO_WIDTH, word.group())
