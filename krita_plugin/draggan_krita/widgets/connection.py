"""The docker's first line: whether a daemon answers, and what can be done about it; Qt only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..draggan_wire.workbench import captions, choices
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtCore, QtGui, QtWidgets
from .fold import FoldButton
from .icons import dot, icon
from .labels import WrapLabel
from .quiet import set_shown, set_text, set_tip
from .tones import tone

if TYPE_CHECKING:
    from ..studio import Studio


class ConnectionLine(QtWidgets.QWidget):
    """A coloured dot and a sentence; below it, folded away, the address."""

    def __init__(self, studio: Studio, words: Words) -> None:
        super().__init__()
        self._studio, self._words = studio, words
        self._state = QtWidgets.QLabel()
        self._sentence = WrapLabel()
        self._hint = WrapLabel(quiet=True, small=True)
        self._fold = FoldButton("", self._address_row())
        set_tip(self._fold, words.tr(choices.ADDRESS_FOLD))
        self._start = QtWidgets.QPushButton(words.tr(choices.START_DAEMON.label))
        set_tip(self._start, words.tr(choices.START_DAEMON.tip))
        self._start.clicked.connect(lambda: studio.start_daemon())
        self._lay_out()

    def _lay_out(self) -> None:
        top = QtWidgets.QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self._state)
        top.addWidget(self._sentence, 1)
        top.addWidget(self._fold)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._hint)
        column.addWidget(self._start)
        column.addWidget(self._body)

    def _address_row(self) -> QtWidgets.QWidget:
        tr = self._words.tr
        self._address = QtWidgets.QLineEdit()
        self._address.setPlaceholderText(tr(choices.ADDRESS_EMPTY))
        self._address.setMinimumWidth(60)
        set_tip(self._address, tr(choices.ADDRESS.tip))
        self._address.editingFinished.connect(self._commit)
        again = QtWidgets.QToolButton()
        again.setIcon(icon("again", self.palette().color(QtGui.QPalette.ColorRole.ButtonText)))
        set_tip(again, tr(choices.CONNECT_ANEW))
        again.setAccessibleName(tr(choices.CONNECT_ANEW))
        again.clicked.connect(self._reconnect)
        self._body = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(QtWidgets.QLabel(tr(choices.ADDRESS.label)))
        row.addWidget(self._address, 1)
        row.addWidget(again)
        return self._body

    def follow(self, now: Snapshot) -> None:
        line = captions.connection_line(now, self._words)
        colour = tone(self.palette(), line.tone)
        if self._state.property("shown") != (mark := (colour.name(), line.under_way)):
            self._state.setProperty("shown", mark)
            self._state.setPixmap(dot(colour, hollow=line.under_way))
        self._sentence.show_text(line.sentence)
        self._state.setAccessibleName(line.sentence)
        self._hint.show_text(line.hint)
        set_shown(self._hint, bool(line.hint))
        set_shown(self._start, line.can_start)
        if not (self._address.hasFocus() or self._address.isModified()):
            set_text(self._address, now.settings.address)

    def _commit(self) -> None:
        address = self._address.text().strip()
        self._address.setModified(False)
        if address != self._studio.settings.address:
            self._studio.change(replace(self._studio.settings, address=address))

    def _reconnect(self) -> None:
        self._commit()
        self._studio.reconnect()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self._fold.click()
