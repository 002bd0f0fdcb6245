"""How far the edit is and what there is to say about it, in one place that is always there; Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        self._reopen = QtWidgets.QPushButton(words.tr("Take up the edit again"))
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
        tr, edit = self._words.tr, now.edit
        self._follow_bar(now)
        speed = edit.ms_per_step
        text = "" if speed is None else tr("{ms} ms per step", ms=_rounded(speed))
        set_text(self._speed, text)
        set_shown(self._speed, bool(text))
        self._message.show_text(self._words.sentence(edit.message) or self._next_step(now))
        palette = self.palette()
        plain = palette.color(QtGui.QPalette.ColorRole.WindowText)
        colour = tone(palette, "bad") if edit.state == "failed" else plain
        set_colour(self._message, QtGui.QPalette.ColorRole.WindowText, colour)
        self._hint.show_text(self._words.sentence(edit.hint))
        set_shown(self._hint, bool(edit.hint))
        set_shown(self._reopen, edit.can_reopen)
        ready = now.connected and not now.busy
        tip = tr("This document holds an edit: its timeline comes back as it was.")
        set_enabled(
            self._reopen, ready, tip if ready else tr("There is no connection to a daemon.")
        )

    def _next_step(self, now: Snapshot) -> str:
        """What to do first, for as long as there is nothing else to say."""
        tr = self._words.tr
        if not now.document:
            return tr("Open a document to begin.")
        if now.edit.handles:
            return tr("Press Drag, and the picture follows the handles.")
        if now.placing:
            return tr("Now draw arrows on the picture, from a place to where it should go.")
        return tr("Press Place handles, then draw arrows on the picture.")

    def _follow_bar(self, now: Snapshot) -> None:
        fraction = now.edit.fraction
        top = 0 if fraction is None and now.busy else _UNITS  # 0: somewhere on the way
        if self._bar.maximum() != top:
            self._bar.setRange(0, top)
        value = round((fraction or 0.0) * _UNITS)
        if top and self._bar.value() != value:
            self._bar.setUpdatesEnabled(False)  # else it paints at once, and the canvas with it
            self._bar.setValue(value)
            self._bar.setUpdatesEnabled(True)


def _rounded(milliseconds: float) -> str:
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}"
