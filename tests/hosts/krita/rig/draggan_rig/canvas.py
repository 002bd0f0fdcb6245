"""Where a document's points are on the screen, and other ways to see and change a Krita view."""

from __future__ import annotations

import math

from .qt import QtCore, QtWidgets

CANVAS_CLASSES = ("KisOpenGLCanvas2", "KisQPainterCanvas")


def open_document(rig, path):
    """Open a file in a view of its own; returns (document, view) as a generator's value."""
    document = rig.app.openDocument(str(path))
    if document is None:
        raise LookupError(f"Krita cannot open {path}")
    return (yield from show_document(rig, document))


def show_document(rig, document):
    window = rig.app.activeWindow()
    view = window.addView(document)
    window.showView(view)
    document.waitForDone()
    yield 800
    return document, view


def turn_to(rig, index):
    """Click on the tab of a document, counted from the left."""
    area = rig.app.activeWindow().qwindow().findChild(QtWidgets.QMdiArea)
    tabs = area.findChild(QtWidgets.QTabBar)
    at = tabs.mapToGlobal(tabs.tabRect(index).center()) * tabs.devicePixelRatioF()
    yield from rig.click(at)
    yield 800


def canvas_widget(view):
    """The widget that shows the image and gets the mouse events."""
    area = view.window().qwindow().findChild(QtWidgets.QMdiArea).activeSubWindow()
    for widget in area.findChildren(QtWidgets.QWidget):
        if widget.metaObject().className() in CANVAS_CLASSES:
            return widget
    raise LookupError("no canvas")


def image_to_widget(view):
    """QTransform from the document's pixels to logical pixels of the canvas widget."""
    to_flake, _ = view.flakeToImageTransform().inverted()
    return to_flake * view.flakeToCanvasTransform()


def to_screen(view, x, y):
    """The QPoint of the screen, in device pixels, that shows a document's point."""
    widget = canvas_widget(view)
    at = image_to_widget(view).map(QtCore.QPointF(x, y))
    if not QtCore.QRectF(widget.rect()).contains(at):
        raise LookupError(f"({x:g}, {y:g}) is outside of what the canvas shows")
    origin = widget.mapToGlobal(QtCore.QPoint(0, 0))
    ratio = widget.devicePixelRatioF()
    return QtCore.QPoint(
        math.floor((origin.x() + at.x()) * ratio), math.floor((origin.y() + at.y()) * ratio)
    )


def look_at(rig, view, zoom, rotation, center):
    """Set zoom and rotation, then scroll until the document's point `center` is in the middle."""
    view.canvas().setZoomLevel(zoom)
    view.canvas().setRotation(rotation)
    yield 300
    widget = canvas_widget(view)
    controller = scroll_area(widget)
    for _ in range(3):  # the scroll bars' ranges follow what is shown
        at = image_to_widget(view).map(QtCore.QPointF(*center))
        off = at - QtCore.QPointF(widget.rect().center())
        for bar, by in (
            (controller.horizontalScrollBar(), off.x()),
            (controller.verticalScrollBar(), off.y()),
        ):
            bar.setValue(bar.value() + round(by))
        yield 150


def scroll_area(widget):
    while not isinstance(widget, QtWidgets.QAbstractScrollArea):
        widget = widget.parentWidget()
    return widget


def pixels(document):
    """The document's native bytes, all of them."""
    document.waitForDone()
    return bytes(document.pixelData(0, 0, document.width(), document.height()))


def export_png(rig, document, name):
    """Write what the document shows as NAME.png into the output folder, without questions."""
    from krita import InfoObject

    document.refreshProjection()
    document.waitForDone()
    document.setBatchmode(True)
    options = InfoObject()
    for key, value in (("alpha", True), ("compression", 3), ("forceSRGB", True)):
        options.setProperty(key, value)
    if not document.exportImage(rig.path(name + ".png"), options):
        raise RuntimeError(f"Krita did not export {name}.png")
    document.setBatchmode(False)


def layers(node):
    """The names below a node, top first, as nested (name, type, children)."""
    return [[n.name(), n.type(), layers(n)] for n in reversed(node.childNodes())]
