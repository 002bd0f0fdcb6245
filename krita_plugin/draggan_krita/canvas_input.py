"""Hears the canvas's pointer and keys before the host does; imports qt.py, gestures.py, pointer.py.

While it is on, the left button and the pen's tip place handles, Delete and Backspace remove the
selected one, and Escape takes a half-drawn arrow back. All else goes to the host, so that panning
(space, middle button), zooming (wheel, control and space) and rotating work as always.
"""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from .draggan_wire.messages import Point
from .draggan_wire.workbench.gestures import Placing
from .draggan_wire.workbench.handles import Grip
from .pointer import Pointer
from .qt import QtCore, QtGui, QtWidgets, mouse_position
from .surface import Surface, scale_of, transform_of, widget_of

REACH = 10.0  # logical pixels of the screen

_Type = QtCore.QEvent.Type
_Key = QtCore.Qt.Key
_Modifier = QtCore.Qt.KeyboardModifier
_LEFT = QtCore.Qt.MouseButton.LeftButton

_HARMLESS = _Modifier.KeypadModifier  # says where a key is, not that one is held
_FAR = QtCore.QPointF(-10000.0, -10000.0)

_PRESSES = {
    _Type.MouseButtonPress: "mouse",
    _Type.MouseButtonDblClick: "mouse",
    _Type.TabletPress: "pen",
}
_MOVES = {_Type.MouseMove: "mouse", _Type.TabletMove: "pen"}
_RELEASES = {_Type.MouseButtonRelease: "mouse", _Type.TabletRelease: "pen"}
_INTERRUPTIONS = (_Type.FocusOut, _Type.Hide, _Type.WindowDeactivate)
_REMOVING = (_Key.Key_Delete, _Key.Key_Backspace)


class CanvasInput(QtCore.QObject):
    """The event filter of one canvas; calls `changed` whenever handles or `hovered` have."""

    _widget: Optional[QtWidgets.QWidget] = None  # of the class, too: Qt may ask a dying filter
    _sending = False

    def __init__(self, surface: Surface, placing: Placing, changed: Callable[[], None]) -> None:
        super().__init__()
        self.hovered: Optional[Grip] = None
        self._surface = surface
        self._placing = placing
        self._changed = changed
        self._pointer = Pointer()
        self._on = False
        self._space = False  # held: the left button pans
        self._outline_away = self._sending = False
        self._widget: Optional[QtWidgets.QWidget] = None
        self._hosts_cursor: Optional[QtGui.QCursor] = None

    @property
    def on(self) -> bool:
        """Whether handles are being placed; nothing is taken from the host otherwise."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        if on == self._on:
            return
        self._on = on
        self._outline_away = False
        self._listen()
        if on:
            self._show_cross()
        else:
            self._interrupt()
            self._give_cursor_back()

    def install(self) -> bool:
        """Begins to listen to the surface's widget; False when there is none."""
        widget = widget_of(self._surface)
        if widget is self._widget:
            return widget is not None
        self.remove()
        if widget is None:
            return False
        self._widget = widget
        widget.destroyed.connect(self._forget)
        self._listen()
        if self._on:
            self._show_cross()
        return True

    def remove(self) -> None:
        """Listens no more; a gesture under way is taken back."""
        self._interrupt()
        self._give_cursor_back()
        widget, self._widget = self._widget, None
        self._listen()
        if widget is not None:
            widget.destroyed.disconnect(self._forget)

    def _listen(self) -> None:
        """On the application: its filters come first. On the widget, Krita puts its own filter
        before ours again whenever the canvas gets the focus."""
        application = QtWidgets.QApplication.instance()
        if application is None:  # the host ends
            return
        application.removeEventFilter(self)
        if self._on and self._widget is not None:
            application.installEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """True for what the host shall not see."""
        if watched is not self._widget or self._sending:
            return False
        kind = event.type()
        if kind in _PRESSES:
            return self._press(_PRESSES[kind], event)
        if kind in _MOVES:
            return self._move(_MOVES[kind], event)
        if kind in _RELEASES:
            return self._release(_RELEASES[kind], event)
        if kind in (_Type.ShortcutOverride, _Type.KeyPress, _Type.KeyRelease):
            return self._key(kind, event)
        if kind in _INTERRUPTIONS:
            self._interrupt()
        elif kind == _Type.Leave and not self._pointer.down:
            self._hover(None)
        elif kind == _Type.CursorChange:
            self._keep_cross()
        return False

    def _press(self, device: str, event: QtGui.QMouseEvent) -> bool:
        if self._pointer.down and event.button() != _LEFT:
            return self._taken(event)  # no menu in the middle of a gesture
        if not self._ours(event):
            return False
        found = self._locate(event)
        if found is None:
            return False
        if self._pointer.press(device):
            whole = bool(event.modifiers() & _Modifier.ShiftModifier)
            self._placing.press(*found, whole=whole)
            self._take_focus()
            self._changed()
        return self._taken(event)

    def _move(self, device: str, event: QtGui.QMouseEvent) -> bool:
        if not self._pointer.holds(device):
            return self._pass_over(event)
        found = self._locate(event)
        if found is not None and self._pointer.moves(device):
            self._placing.move(found[0])
            self._changed()
        return self._taken(event)

    def _pass_over(self, event: QtGui.QMouseEvent) -> bool:
        if event.buttons():
            self._outline_away = False
            return False
        self._hover(self._locate(event))
        self._keep_cross()
        if self._space or event.modifiers() & ~_HARMLESS:
            self._outline_away = False
            return False
        self._send_outline_away()
        return self._taken(event)

    def _send_outline_away(self) -> None:
        """Tells the host of a place far off, once, and of none after: else it would go on drawing
        its brush's outline under the pointer."""
        if self._outline_away or self._widget is None:
            return
        self._outline_away = self._sending = True
        try:
            none, plain = QtCore.Qt.MouseButton.NoButton, _Modifier.NoModifier
            move = QtGui.QMouseEvent(_Type.MouseMove, _FAR, _FAR, none, none, plain)
            QtWidgets.QApplication.sendEvent(self._widget, move)
        finally:
            self._sending = False

    def _release(self, device: str, event: QtGui.QMouseEvent) -> bool:
        if not self._pointer.holds(device):
            return False
        if event.button() == _LEFT and self._pointer.release(device):
            found = self._locate(event)
            if found is not None:
                self._placing.release(found[0])
            else:
                self._placing.cancel()
            self._hover(found)
            self._changed()
        return self._taken(event)

    def _key(self, kind: QtCore.QEvent.Type, event: QtGui.QKeyEvent) -> bool:
        key = event.key()
        if key == _Key.Key_Space and not event.isAutoRepeat():
            self._space = kind != _Type.KeyRelease
        cancels = key == _Key.Key_Escape and self._placing.active
        if kind == _Type.KeyRelease or not (cancels or self._removes(event)):
            return False
        if kind == _Type.KeyPress:
            if cancels:
                self._placing.cancel()
            elif not self._placing.active:
                self._placing.handles.remove_selected()
            self.hovered = None
            self._changed()
        return self._taken(event)  # also a shortcut: Delete would clear the painter's layer

    @staticmethod
    def _removes(event: QtGui.QKeyEvent) -> bool:
        plain = event.modifiers() in (_Modifier.NoModifier, _Modifier.KeypadModifier)
        return plain and event.key() in _REMOVING

    def _ours(self, event: QtGui.QMouseEvent) -> bool:
        modifiers = event.modifiers() & ~_HARMLESS & ~_Modifier.ShiftModifier
        return event.button() == _LEFT and modifiers == _Modifier.NoModifier and not self._space

    def _locate(self, event: QtGui.QMouseEvent) -> Optional[Tuple[Point, float]]:
        """The event's document point, and the reach there; None when the view is gone."""
        to_widget = transform_of(self._surface)
        if to_widget is None:
            return None
        to_document, invertible = to_widget.inverted()
        if not invertible:
            return None
        point = to_document.map(mouse_position(event))
        return (point.x(), point.y()), REACH / scale_of(to_widget)

    def _hover(self, found: Optional[Tuple[Point, float]]) -> None:
        grip = self._placing.hover(*found) if found is not None else None
        if grip != self.hovered:
            self.hovered = grip
            self._changed()

    def _interrupt(self) -> None:
        """The canvas hears no more for a while: whatever was held is let go."""
        self._pointer.forget()
        self._space = False
        cancelled = self._placing.cancel()
        if cancelled or self.hovered is not None:
            self.hovered = None
            self._changed()

    def _take_focus(self) -> None:
        """For the keys; a pen's press does not bring the focus by itself."""
        if self._widget is not None and not self._widget.hasFocus():
            self._widget.setFocus(QtCore.Qt.FocusReason.MouseFocusReason)

    @staticmethod
    def _taken(event: QtCore.QEvent) -> bool:
        event.accept()
        return True

    def _show_cross(self) -> None:
        if self._widget is None:
            return
        self._hosts_cursor = self._widget.cursor()
        self._widget.setCursor(QtCore.Qt.CursorShape.CrossCursor)

    def _keep_cross(self) -> None:
        """The host sets its tool's cursor again and again; while it pans, its hand is right."""
        hosts = self._space or (_buttons() and not self._pointer.down)
        cross = QtCore.Qt.CursorShape.CrossCursor
        if self._widget is not None and not hosts and self._widget.cursor().shape() != cross:
            self._show_cross()

    def _give_cursor_back(self) -> None:
        cursor, self._hosts_cursor = self._hosts_cursor, None
        if self._widget is not None and cursor is not None:
            self._widget.setCursor(cursor)

    def _forget(self) -> None:
        self._widget = self._hosts_cursor = None
        self._listen()
        self._interrupt()


def _buttons() -> QtCore.Qt.MouseButton:
    return QtGui.QGuiApplication.mouseButtons()
