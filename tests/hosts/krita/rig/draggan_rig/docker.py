"""Finds the DragGAN docker's widgets by object name, and uses them with real pointer events."""

from __future__ import annotations

from .qt import QtCore, QtWidgets

DOCKER = "draggan_docker"


class Docker:
    """The docker in Krita's main window; it is shown first, in front of those on the same place."""

    def __init__(self, rig):
        self._rig = rig
        self.dock = next((d for d in rig.app.dockers() if d.objectName() == DOCKER), None)
        if self.dock is None:
            names = sorted(d.objectName() for d in rig.app.dockers())
            raise LookupError(f"no docker {DOCKER} among {names}")

    def show(self):
        self.dock.show()
        self.dock.raise_()
        yield from self._rig.wait_for(self.dock.isVisible, 5, "the docker")
        yield 300

    def widget(self, name):
        found = self.dock.findChild(QtWidgets.QWidget, name)
        if found is None:
            raise LookupError(f"no widget '{name}' in the docker")
        return found

    def text(self, name):
        return self.widget(name).text()

    def click(self, name):
        """Scroll to the widget and click into its middle."""
        widget = self.widget(name)
        if not widget.isEnabled():
            raise LookupError(f"'{name}' is disabled")
        yield from self._uncover(widget)
        yield from self._rig.click(middle(widget))

    def choose(self, name, text):
        """Pick the entry of a combo box that reads `text`."""
        box = self.widget(name)
        row = box.findText(text)
        if row < 0:
            raise LookupError([box.itemText(k) for k in range(box.count())])
        yield from self.click(name)
        view = box.view()
        yield from self._rig.wait_for(view.isVisible, 5, f"the list of '{name}'")
        place = view.visualRect(view.model().index(row, box.modelColumn())).center()
        yield from self._rig.click(on_screen(view.viewport(), place))
        yield from self._rig.wait_for(lambda: box.currentIndex() == row, 5, text)

    def _uncover(self, widget):
        area = widget.parentWidget()
        while area is not None:
            if isinstance(area, QtWidgets.QScrollArea):
                area.ensureWidgetVisible(widget)
            area = area.parentWidget()
        yield 100
        center = widget.mapToGlobal(widget.rect().center())
        under = QtWidgets.QApplication.widgetAt(center)
        if under is None or not (under is widget or widget.isAncestorOf(under)):
            raise LookupError(f"'{widget.objectName()}' is covered or not shown")


def middle(widget):
    return on_screen(widget, widget.rect().center())


def on_screen(widget, point):
    """A point of a widget as a QPoint of the screen, in device pixels."""
    place, ratio = widget.mapToGlobal(point), widget.devicePixelRatioF()
    return QtCore.QPoint(int(place.x() * ratio), int(place.y() * ratio))
