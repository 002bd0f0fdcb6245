"""Colours for text and marks that read on a dark and on a light theme; Qt only."""

from __future__ import annotations

from ..qt import QtGui

_DARK = {"good": "#6fcf97", "wait": "#f2c94c", "bad": "#ff8f7f", "off": "#9a9a9a"}
_LIGHT = {"good": "#1e7d46", "wait": "#8a6100", "bad": "#b3261e", "off": "#767676"}


def is_dark(palette: QtGui.QPalette) -> bool:
    return palette.color(QtGui.QPalette.ColorRole.Window).lightness() < 128


def tone(palette: QtGui.QPalette, name: str) -> QtGui.QColor:
    """The colour for "good", "wait", "bad", "off" on this palette."""
    return QtGui.QColor((_DARK if is_dark(palette) else _LIGHT)[name])


def quiet_text(palette: QtGui.QPalette) -> QtGui.QColor:
    """The text colour, two thirds of the way from the background: for what is said in passing."""
    text = palette.color(QtGui.QPalette.ColorRole.WindowText)
    ground = palette.color(QtGui.QPalette.ColorRole.Window)
    return QtGui.QColor(
        (2 * text.red() + ground.red()) // 3,
        (2 * text.green() + ground.green()) // 3,
        (2 * text.blue() + ground.blue()) // 3,
    )
