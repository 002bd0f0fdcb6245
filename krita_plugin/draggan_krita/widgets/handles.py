"""Placing handles and dragging: the docker's two large buttons and the list of handles; Qt only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.colours import OUTLINE_COLOUR, STATUS_COLOURS
from ..draggan_wire.workbench.host_words import KRITA
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtCore, QtGui, QtWidgets
from .handle_list import HandleList
from .icons import icon
from .quiet import set_colour, set_enabled, set_text

if TYPE_CHECKING:
    from ..studio import Studio

_Role = QtGui.QPalette.ColorRole


class HandleSection(QtWidgets.QWidget):
    """Place, drag or stop; which handles there are, and how to be rid of them."""

    def __init__(self, studio: Studio, words: Words) -> None:
        super().__init__()
        self._studio, self._words = studio, words
        self._text = self.palette().color(_Role.ButtonText)
        self.place = self._large("place")
        self.place.setCheckable(True)
        self.place.clicked.connect(lambda checked: studio.place(checked))
        self.drag = self._large("play")
        self.drag.clicked.connect(lambda: studio.drag_or_stop())
        self._place_look, self._drag_look = False, ""
        self._count = QtWidgets.QLabel()
        self._list = HandleList(lambda i, status: captions.handle_tip(i, status, words))
        self._delete = self._small("delete", studio.delete_handle)
        self._clear = self._small("clear", studio.clear_handles)
        self._vector = self._small("vector", studio.take_vector_lines)
        self._lay_out()

    def _lay_out(self) -> None:
        large = QtWidgets.QHBoxLayout()
        large.setSpacing(6)
        large.addWidget(self.place, 3)
        large.addWidget(self.drag, 2)
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(2)
        line.addWidget(self._count)
        line.addSpacing(4)
        line.addWidget(self._list, 1)
        for button in (self._delete, self._clear, self._vector):
            line.addWidget(button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(large)
        column.addLayout(line)

    def _large(self, name: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(icon(name, self._text), "")
        button.setMinimumHeight(34)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)  # a click leaves it to the canvas
        return button

    def _small(self, name: str, action: Callable[[], None]) -> QtWidgets.QToolButton:
        button = QtWidgets.QToolButton()
        button.setIcon(icon(name, self._text))
        button.setAutoRaise(True)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: action())
        return button

    def follow(self, now: Snapshot) -> None:
        self._follow_place(now)
        self._follow_drag(now)
        self._follow_list(now)

    def _follow_place(self, now: Snapshot) -> None:
        self.place.setChecked(now.placing)
        if self._place_look != now.placing:
            self._place_look = now.placing
            self._dress_place(now.placing)
        _follow(self.place, captions.place_button(now, self._words, KRITA))

    def _follow_drag(self, now: Snapshot) -> None:
        button = captions.drag_button(now, self._words, KRITA)
        _follow(self.drag, button)
        self._dress_drag(button.look)

    def _dress_place(self, on: bool) -> None:
        """In the colour that the arrows have on the canvas, while they can be placed."""
        if on:
            colours = QtGui.QColor(STATUS_COLOURS["placed"]), QtGui.QColor(OUTLINE_COLOUR)
        else:
            colours = self.palette().color(_Role.Button), self._text
        _dress(self.place, "place", *colours)

    def _dress_drag(self, look: str) -> None:
        """In the theme's accent colour when it is the next thing to press."""
        if look == self._drag_look:
            return
        self._drag_look = look
        if look == "play":
            accent = self.palette().color(_Role.Highlight)
            # Styles lighten a button's colour, which takes the contrast from light text.
            _dress(self.drag, look, accent.darker(150), QtGui.QColor("#ffffff"))
        else:
            plain = self.palette().color(_Role.Button)
            _dress(self.drag, "stop" if look == "stop" else "play", plain, self._text)

    def _follow_list(self, now: Snapshot) -> None:
        set_text(self._count, captions.handle_count(now, self._words))
        self._list.show_handles(now.edit.handles, now.edit.selected)
        buttons = (
            (self._delete, captions.delete_button(now, self._words)),
            (self._clear, captions.clear_button(now, self._words)),
            (self._vector, captions.lines_button(now, self._words, KRITA)),
        )
        for shown, button in buttons:
            shown.setAccessibleName(button.text)
            set_enabled(shown, button.enabled, button.tip)


def _follow(shown: QtWidgets.QPushButton, button: captions.Button) -> None:
    set_text(shown, button.text)
    set_enabled(shown, button.enabled, button.tip)


def _dress(
    button: QtWidgets.QPushButton, name: str, ground: QtGui.QColor, ink: QtGui.QColor
) -> None:
    button.setIcon(icon(name, ink))
    set_colour(button, _Role.Button, ground)
    set_colour(button, _Role.ButtonText, ink)
