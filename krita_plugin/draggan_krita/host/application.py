"""Krita as a program: its version, the plugin's settings in it, words over the canvas."""

from __future__ import annotations

from krita import Krita

from ..qt import QtGui

GROUP = "draggan"


def krita_version() -> str:
    return str(Krita.instance().version())


def read_setting(name: str) -> str:
    return str(Krita.instance().readSetting(GROUP, name, ""))


def write_setting(name: str, text: str) -> None:
    Krita.instance().writeSetting(GROUP, name, text)


def say(sentence: str) -> None:
    """Floats over the active canvas for some seconds."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    if view is not None:
        view.showFloatingMessage(sentence, QtGui.QIcon(), 4000, 1)
