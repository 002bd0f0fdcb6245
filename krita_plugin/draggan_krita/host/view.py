"""Where a document's pixels are on the screen: a Krita view, as overlay and input need it."""

from __future__ import annotations

from typing import Any, Optional

from krita import Krita

from ..qt import QtGui, QtWidgets

CANVASES = ("KisOpenGLCanvas2", "KisQPainterCanvas")


def active_window_of_views() -> Optional[QtWidgets.QWidget]:
    """The sub-window that holds the active view: another one for every view."""
    window = Krita.instance().activeWindow()
    area = window.qwindow().findChild(QtWidgets.QMdiArea) if window is not None else None
    return area.activeSubWindow() if area is not None else None


class KritaSurface:
    """The canvas of one view; every question is asked anew, since the view may be gone."""

    def __init__(self, view: Any, widget: QtWidgets.QWidget) -> None:
        self._view = view
        self._widget: Optional[QtWidgets.QWidget] = widget

    @staticmethod
    def active() -> Optional[KritaSurface]:
        """The canvas that the user looks at, if any."""
        window, place = Krita.instance().activeWindow(), active_window_of_views()
        view = window.activeView() if window is not None else None
        for widget in place.findChildren(QtWidgets.QWidget) if place is not None else ():
            if view is not None and widget.metaObject().className() in CANVASES:
                return KritaSurface(view, widget)
        return None

    def widget(self) -> Optional[QtWidgets.QWidget]:
        """The widget that shows the image, None when it is gone."""
        try:
            if self._widget is not None:
                self._widget.isVisible()
        except RuntimeError:  # Qt has deleted it
            self._widget = None
        return self._widget

    def transform(self) -> Optional[QtGui.QTransform]:
        """Document pixels -> logical pixels of the widget, exact for any zoom, turn and mirror."""
        if self.widget() is None:
            return None
        try:
            inverse, invertible = self._view.flakeToImageTransform().inverted()
            return inverse * self._view.flakeToCanvasTransform() if invertible else None
        except (RuntimeError, AttributeError):
            return None
