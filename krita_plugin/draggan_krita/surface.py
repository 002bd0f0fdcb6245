"""What painting and input need of a view of the host; imports qt.py only, and no host."""

from __future__ import annotations

from math import sqrt
from typing import Optional, Protocol

from .qt import QtGui, QtWidgets


class Surface(Protocol):
    """The canvas of one view."""

    def widget(self) -> Optional[QtWidgets.QWidget]:
        """The widget that shows the picture and gets its events; None when it is gone."""

    def transform(self) -> Optional[QtGui.QTransform]:
        """From document points to logical pixels of that widget; None when it is gone."""


def widget_of(surface: Surface) -> Optional[QtWidgets.QWidget]:
    """The surface's widget; None also where Qt says only by an exception that it is gone."""
    try:
        return surface.widget()
    except RuntimeError:
        return None


def transform_of(surface: Surface) -> Optional[QtGui.QTransform]:
    """The surface's transform; None also where Qt says only by an exception that it is gone."""
    try:
        return surface.transform()
    except RuntimeError:
        return None


def scale_of(transform: QtGui.QTransform) -> float:
    """How many logical pixels a document pixel measures, whatever rotation and mirroring."""
    return sqrt(abs(transform.determinant()))
