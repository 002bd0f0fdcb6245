"""How far the edit is and what there is to say about it, in one place that is always there; Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.host_words import KRITA
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtGui, QtWidgets
from .labels import WrapLabel
from .quiet import set_colour, set_enabled, set_shown, set_text
from .tones import quiet_text, tone

if TYPE_CHECKING:
    from ..studio import Studio

_UNITS = 1000  # of the progress bar


class MessageArea(QtWidgets.QWidget):
    """Progress, milliseconds per step, a sentence, a hint, and the offer to go on."""

    def __init__(self, studio: Studio, words: Words) -> None:
        super().__init__()
        self._words = words
        self._bar = QtWidgets.QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(7)
        self._speed = QtWidgets.QLabel()
        set_colour(self._speed, QtGui.QPalette.ColorRole.WindowText, quiet_text(self.palette()))
        self._message = WrapLabel()
        self._hint = WrapLabel(quiet=True)
        self._reopen = QtWidgets.QPushButton()
        self._reopen.clicked.connect(lambda: studio.reopen())
        self._lay_out()

    def _lay_out(self) -> None:
        self._bar.setMinimumWidth(40)
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._bar, 1)
        line.addWidget(self._speed)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(line)
        column.addWidget(self._message)
        column.addWidget(self._hint)
        column.addWidget(self._reopen)

    def follow(self, now: Snapshot) -> None:
        words, palette = self._words, self.palette()
        self._follow_bar(now)
        speed = captions.speed(now, words)
        set_text(self._speed, speed)
        set_shown(self._speed, bool(speed))
        message = captions.message(now, words, KRITA)
        self._message.show_text(message.text)
        plain = palette.color(QtGui.QPalette.ColorRole.WindowText)
        colour = tone(palette, message.tone) if message.tone else plain
        set_colour(self._message, QtGui.QPalette.ColorRole.WindowText, colour)
        hint = captions.hint(now, words)
        self._hint.show_text(hint)
        set_shown(self._hint, bool(hint))
        reopen = captions.reopen_button(now, words, KRITA)
        set_text(self._reopen, reopen.text)
        set_shown(self._reopen, now.edit.can_reopen)
        set_enabled(self._reopen, reopen.enabled, reopen.tip)

    def _follow_bar(self, now: Snapshot) -> None:
        fraction = captions.progress(now)
        top = 0 if fraction is None else _UNITS  # 0: somewhere on the way
        if self._bar.maximum() != top:
            self._bar.setRange(0, top)
        value = round((fraction or 0.0) * _UNITS)
        if top and self._bar.value() != value:
            self._bar.setUpdatesEnabled(False)  # else it paints at once, and the canvas with it
            self._bar.setValue(value)
            self._bar.setUpdatesEnabled(True)
