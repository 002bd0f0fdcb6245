"""The one place that chooses between PyQt5 and PyQt6, and hides what differs; no other imports.

Scoped enums (Qt.MouseButton.LeftButton) work with both. Never try PyQt6 first inside Krita: Krita
5.2 would then hold a second Qt beside its own, and crash.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Optional


def _is_there(module: str) -> bool:
    return module in sys.modules or find_spec(module) is not None


def _qt_of_krita() -> Optional[int]:
    """Qt's major version in the Krita around us, None outside of Krita."""
    try:
        import pykrita

        return int(pykrita.qt_major_version())  # Krita 5.3 and later
    except (ImportError, AttributeError):
        return 5 if _is_there("krita") else None


QT: int = _qt_of_krita() or (6 if _is_there("PyQt6") else 5)

if QT == 6:
    from PyQt6 import QtCore, QtGui, QtWidgets, sip
else:
    from PyQt5 import QtCore, QtGui, QtWidgets, sip


def mouse_position(event: QtCore.QEvent) -> QtCore.QPointF:
    """Where a mouse or tablet event is, in logical pixels of the widget that gets it."""
    if QT == 6:
        return event.position()
    return QtCore.QPointF(event.posF() if hasattr(event, "posF") else event.localPos())


def image_bytes(image: QtGui.QImage) -> bytes:
    """A copy of a picture's pixels, rows as Qt keeps them (each a multiple of four bytes)."""
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    return bytes(bits)


def is_deleted(thing: QtCore.QObject) -> bool:
    """Whether Qt has deleted an object that was made here (Qt's own ones are not watched)."""
    return bool(sip.isdeleted(thing))


__all__ = [
    "QT",
    "QtCore",
    "QtGui",
    "QtWidgets",
    "image_bytes",
    "is_deleted",
    "mouse_position",
]
