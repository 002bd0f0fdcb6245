"""Where a document's pixels are on the screen: a Krita view as the overlay and the input need it."""

from __future__ import annotations

from typing import Any, Optional

from ..qt import QtGui, QtWidgets

CANVASES = ("KisOpenGLCanvas2", "KisQPainterCanvas")


class KritaSurface:
    """The canvas of one view; every question is asked anew, since the view may be gone."""

    def __init__(self, view: Any) -> None:
        self._view = view
        self._widget = _canvas_widget(view)

    def widget(self) -> Optional[QtWidgets.QWidget]:
        """The widget that shows the image, None when it is gone."""
        try:
            if self._widget is not None and self._widget.isVisible() is not None:
                return self._widget
        except RuntimeError:  # Qt has deleted it
            self._widget = None
        return None

    def transform(self) -> Optional[QtGui.QTransform]:
        """Document pixels -> logical pixels of the widget, exact for any zoom, turn and mirror."""
        if self.widget() is None:
            return None
        try:
            inverse, invertible = self._view.flakeToImageTransform().inverted()
            return inverse * self._view.flakeToCanvasTransform() if invertible else None
        except (RuntimeError, AttributeError):
            return None

    def say(self, text: str) -> None:
        """A message that floats over the canvas for a moment."""
        self._view.showFloatingMessage(text, QtGui.QIcon(), 2000, 1)


def _canvas_widget(view: Any) -> Optional[QtWidgets.QWidget]:
    window = view.window()
    area = window.qwindow().findChild(QtWidgets.QMdiArea) if window is not None else None
    shown = area.activeSubWindow() if area is not None else None
    for widget in shown.findChildren(QtWidgets.QWidget) if shown is not None else ():
        if widget.metaObject().className() in CANVASES:
            return widget
    return None
