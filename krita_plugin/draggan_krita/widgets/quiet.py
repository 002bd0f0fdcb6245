"""Sets what widgets show only where it differs, and never under the user's hands; Qt only."""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Tuple

from ..qt import QtCore, QtGui, QtWidgets

_TIP_WIDTH = 320  # logical pixels at which a tooltip wraps


def set_text(widget: Any, text: str) -> None:
    """For labels, buttons and line edits."""
    if widget.text() != text:
        widget.setText(text)


def set_shown(widget: QtWidgets.QWidget, shown: bool) -> None:
    if widget.isHidden() == shown:
        widget.setVisible(shown)


def set_enabled(widget: QtWidgets.QWidget, enabled: bool, tip: str) -> None:
    """Enables or disables, and says in the tooltip what it does or why it cannot."""
    if widget.isEnabledTo(widget.parentWidget()) != enabled:
        if not enabled and widget.hasFocus():
            widget.clearFocus()  # else Qt hands it to the next field, which the keys would change
        widget.setEnabled(enabled)
    set_tip(widget, tip)


def set_tip(widget: QtWidgets.QWidget, tip: str) -> None:
    """A tooltip that wraps. What is in it may come from strangers: it is never read as HTML."""
    rich = f"<qt><table width={_TIP_WIDTH}><tr><td>{escape(tip)}</td></tr></table></qt>"
    wanted = rich if len(tip) > 50 else f"<qt><nobr>{escape(tip)}</nobr></qt>" if tip else ""
    if widget.toolTip() != wanted:
        widget.setToolTip(wanted)


def set_colour(widget: QtWidgets.QWidget, role: Any, colour: Any) -> None:
    """One colour of a widget's own palette, as long as the widget is enabled."""
    palette, group = widget.palette(), QtGui.QPalette.ColorGroup
    if palette.color(group.Active, role) != colour:
        palette.setColor(group.Active, role, colour)
        palette.setColor(group.Inactive, role, colour)
        widget.setPalette(palette)


def set_choice(combo: QtWidgets.QComboBox, value: object) -> None:
    """Shows the item that stands for `value`, unless the list is open just now."""
    index = combo.findData(value)
    if index >= 0 and index != combo.currentIndex() and not combo.view().isVisible():
        combo.setCurrentIndex(index)


def set_number(spin: Any, value: float) -> None:
    """Shows a number, unless the user is typing one. Emits no signal."""
    if not spin.hasFocus() and spin.value() != value:
        blocked = spin.blockSignals(True)
        spin.setValue(value)
        spin.blockSignals(blocked)


def choice(items: Iterable[Tuple[object, str]]) -> QtWidgets.QComboBox:
    """A combo box of (value, text) that can become narrow."""
    combo = QtWidgets.QComboBox()
    policy = QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    combo.setSizeAdjustPolicy(policy)
    combo.setMinimumContentsLength(6)
    for value, text in items:
        combo.addItem(text, value)
    return combo


class CalmWheel(QtCore.QObject):
    """Lets the wheel scroll the docker: it changes a field's value only where the focus is."""

    def watch(self, root: QtWidgets.QWidget) -> None:
        """Every field below `root`."""
        kinds = (QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox, QtWidgets.QAbstractSlider)
        for widget in root.findChildren(QtWidgets.QWidget):
            if isinstance(widget, kinds) and not isinstance(widget, QtWidgets.QScrollBar):
                widget.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
                widget.installEventFilter(self)

    def eventFilter(self, widget: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.Wheel and not widget.hasFocus():
            event.ignore()
            return True
        return False
