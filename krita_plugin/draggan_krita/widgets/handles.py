"""Placing handles and dragging: the docker's two large buttons and the list of handles; Qt only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from ..draggan_wire.workbench.colours import OUTLINE_COLOUR, STATUS_COLOURS
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
        self.place = self._large("place", words.tr("Place handles"))
        self.place.setCheckable(True)
        self.place.clicked.connect(lambda checked: studio.place(checked))
        self.drag = self._large("play", words.tr("Drag"))
        self.drag.clicked.connect(lambda: studio.drag_or_stop())
        self._place_look, self._drag_look = False, ""
        self._count = QtWidgets.QLabel()
        self._list = HandleList(self._handle_tip)
        self._delete = self._small("delete", words.tr("Delete handle"), studio.delete_handle)
        self._clear = self._small("clear", words.tr("Clear all handles"), studio.clear_handles)
        self._vector = self._small(
            "vector", words.tr("From vector layer"), studio.take_vector_lines
        )
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

    def _large(self, name: str, text: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(icon(name, self._text), text)
        button.setMinimumHeight(34)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)  # a click leaves it to the canvas
        return button

    def _small(self, name: str, text: str, action: Callable[[], None]) -> QtWidgets.QToolButton:
        button = QtWidgets.QToolButton()
        button.setIcon(icon(name, self._text))
        button.setAutoRaise(True)
        button.setAccessibleName(text)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: action())
        return button

    def follow(self, now: Snapshot) -> None:
        self._follow_place(now)
        self._follow_drag(now)
        self._follow_list(now)

    def _follow_place(self, now: Snapshot) -> None:
        tr = self._words.tr
        self.place.setChecked(now.placing)
        if self._place_look != now.placing:
            self._place_look = now.placing
            self._dress_place(now.placing)
        tip = tr("Drag on the canvas from a place to where it should go; click to pin a place.")
        set_enabled(self.place, now.document, tip if now.document else self._no_document())

    def _follow_drag(self, now: Snapshot) -> None:
        tr = self._words.tr
        stopping = now.edit.state == "stopping"
        obstacle = "" if now.busy else self._obstacle(now)
        set_text(self.drag, tr("Stopping…") if stopping else tr("Stop") if now.busy else tr("Drag"))
        if stopping:
            tip = tr("The step that is being computed ends first.")
        elif now.busy:
            tip = tr("Stops after this step and keeps what was reached.")
        else:
            tip = obstacle or tr("Moves what is under the handles to their targets.")
        set_enabled(self.drag, not stopping and not obstacle, tip)
        self._dress_drag("stop" if now.busy else "play" if not obstacle else "off")

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

    def _obstacle(self, now: Snapshot) -> str:
        """Why nothing can be dragged now; "" if it can."""
        tr = self._words.tr
        if not now.document:
            return self._no_document()
        if now.connection.state not in ("connected", "connecting"):
            return tr("There is no connection to a daemon.")
        if not now.edit.handles:
            return tr("Place handles first.")
        if all(status == "pinned" for status in now.edit.handles):
            return tr("All handles are pins. Place one with a target, so that something moves.")
        if all(status in ("pinned", "reached") for status in now.edit.handles):
            return tr("All handles have arrived. Pull one of them further.")
        return ""

    def _no_document(self) -> str:
        return self._words.tr("Open a document first.")

    def _follow_list(self, now: Snapshot) -> None:
        tr = self._words.tr
        n = len(now.edit.handles)
        words = tr("No handles") if not n else tr("1 handle") if n == 1 else tr("{n} handles", n=n)
        set_text(self._count, words)
        self._list.show_handles(now.edit.handles, now.edit.selected)
        chosen = now.edit.selected is not None
        delete = tr("Delete the selected handle") if chosen else tr("Select a handle first.")
        set_enabled(self._delete, chosen and not now.busy, self._unless_busy(now, delete))
        clear = tr("Clear all handles") if n else tr("There are no handles.")
        set_enabled(self._clear, n > 0 and not now.busy, self._unless_busy(now, clear))
        vector = tr("Take the lines of the active vector layer as handles")
        set_enabled(
            self._vector,
            now.document and not now.busy,
            self._unless_busy(now, vector) if now.document else self._no_document(),
        )

    def _unless_busy(self, now: Snapshot, tip: str) -> str:
        return self._words.tr("Stop first, then change the handles.") if now.busy else tip

    def _handle_tip(self, i: int, status: str) -> str:
        tr = self._words.tr
        state = {
            "placed": tr("placed"),
            "moving": tr("moving"),
            "reached": tr("has arrived"),
            "stuck": tr("is stuck"),
            "lost": tr("has lost its place"),
            "pinned": tr("is a pin and stays"),
        }.get(status, status)
        return tr("Handle {n}: {state}", n=i + 1, state=state)


def _dress(
    button: QtWidgets.QPushButton, name: str, ground: QtGui.QColor, ink: QtGui.QColor
) -> None:
    button.setIcon(icon(name, ink))
    set_colour(button, _Role.Button, ground)
    set_colour(button, _Role.ButtonText, ink)
