"""Chooses between PyQt5 (Krita 5) and PyQt6 (Krita 6); the rig's only import of either."""

from __future__ import annotations

try:
    import pykrita

    QT = pykrita.qt_major_version()
except Exception:  # Krita 5.2 has no such function, or no such module
    QT = 5

# Never try PyQt6 first: in Krita 5 it would load a second Qt beside Krita's own.
if QT == 6:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

__all__ = ["QT", "QtCore", "QtGui", "QtWidgets"]
