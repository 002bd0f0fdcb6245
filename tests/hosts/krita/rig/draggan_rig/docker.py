"""The DragGAN docker as a painter uses it: widgets are found by their words, and really clicked."""

from __future__ import annotations

import re
import time

from .qt import QtCore, QtWidgets

TITLE = "DragGAN"
AT_WORK = ("Stop", "Stopping…")


class Docker:
    """The docker in Krita's main window; it is shown first, in front of those on the same place."""

    def __init__(self, rig):
        self._rig = rig
        self.dock = next((d for d in rig.app.dockers() if d.windowTitle() == TITLE), None)
        if self.dock is None:
            titles = sorted(d.windowTitle() for d in rig.app.dockers())
            raise LookupError(f"no docker '{TITLE}' among {titles}")

    def show(self):
        """Undock it: its place in the window may be too small for a person who cannot scroll."""
        self.dock.show()
        self.dock.raise_()
        yield from self._rig.wait_for(self.dock.isVisible, 5, "the docker")
        yield 500

    def wait_for_connection(self, seconds=20):
        def connected():
            return "onnected" in self.connection()

        yield from self._rig.wait_for(connected, seconds, "the connection")

    # Reading.

    def button(self, words):
        """A button by its text or its accessible name."""
        return self._only(
            (
                b
                for b in self.dock.findChildren(QtWidgets.QAbstractButton)
                if words in (b.text(), b.accessibleName()) and b.isVisible()
            ),
            words,
        )

    def field(self, label):
        """What stands beside a label in a form."""
        labels = self.dock.findChildren(QtWidgets.QLabel)
        return self._only((w.buddy() for w in labels if w.text() == label and w.buddy()), label)

    def message(self):
        """What the message line says, hint included."""
        return self._sentences("MessageArea")

    def connection(self):
        return self._sentences("ConnectionLine")

    def handles(self):
        """What the list of handles tells a screen reader: "Handle 1: placed, Handle 2: ..."."""
        return self._part("HandleList").accessibleName()

    def step(self):
        """(step, last) of the timeline, (0, 0) while it is empty."""
        for label in self._part("Timeline").findChildren(QtWidgets.QLabel):
            found = re.fullmatch(r"(\d+) / (\d+)", label.text())
            if found:
                return int(found[1]), int(found[2])
        return 0, 0

    def at_work(self):
        return any(b.text() in AT_WORK for b in self._buttons() if b.isVisible())

    def buttons(self):
        """What is written on the buttons that can be seen and pressed."""
        return [b.text() for b in self._buttons() if b.isVisible() and b.isEnabled() and b.text()]

    def listen(self, milliseconds):
        """Returns what the panel has said meanwhile: (message, connection), each once in a row."""
        end = time.perf_counter() + milliseconds / 1000
        return (yield from self._listen(lambda: time.perf_counter() > end))

    def listen_until_idle(self, seconds=60):
        """The same, until a drag is over."""
        end = time.perf_counter() + seconds
        read = yield from self._listen(lambda: not self.at_work() or time.perf_counter() > end)
        if self.at_work():
            raise TimeoutError(f"the drag's end: not within {seconds} s, after {read}")
        yield 500
        return read

    def _listen(self, over):
        read = []
        while not over():
            now = [re.sub(r"\d[\d.]*", "#", self.message()), self.connection()]
            if now not in read[-1:]:
                read.append(now)
            yield 20
        return read

    # Using.

    def click(self, words):
        yield from self.press(self.button(words))

    def press(self, widget):
        """Scroll to a widget and click into its middle."""
        if not widget.isEnabled():
            raise LookupError(f"'{widget.text()}' is disabled: {widget.toolTip()}")
        yield from self.uncover(widget)
        yield from self._rig.click(middle(widget))

    def choose(self, label, words):
        """Pick an entry of the list beside a label."""
        box = self.field(label)
        row = box.findText(words)
        if row < 0:
            raise LookupError([box.itemText(k) for k in range(box.count())])
        yield from self.uncover(box)
        yield from self._rig.click(middle(box))
        view = box.view()
        yield from self._rig.wait_for(view.isVisible, 5, f"the list of '{label}'")
        yield 200
        place = view.visualRect(view.model().index(row, box.modelColumn())).center()
        yield from self._rig.click(on_screen(view.viewport(), place))
        yield from self._rig.wait_for(lambda: box.currentIndex() == row, 5, words)

    def enter(self, label, text):
        """Type into the field beside a label."""
        box = self.field(label)
        yield from self.uncover(box)
        yield from self._rig.click(on_screen(box, QtCore.QPoint(15, box.height() // 2)))
        yield from self._rig.keys("ctrl+a")
        yield from self._rig.run("xdotool", "type", "--delay", "60", text)
        yield from self._rig.keys("Tab")

    def drag(self, seconds=120):
        """Press Drag and wait until it is over."""
        yield from self.click("Drag")
        yield from self._rig.wait_for(self.at_work, 30, "the drag's beginning")
        yield from self.wait_until_idle(seconds)

    def wait_until_idle(self, seconds=120):
        yield from self._rig.wait_for(lambda: not self.at_work(), seconds, "the drag's end")
        yield 500

    def wait_for_step(self, step, seconds=90):
        """Wait until a drag has shown that step."""

        def there():
            return self.step()[0] >= step

        yield from self._rig.wait_for(there, seconds, f"step {step}")

    def _buttons(self):
        return self.dock.findChildren(QtWidgets.QAbstractButton)

    def _part(self, name):
        widgets = self.dock.findChildren(QtWidgets.QWidget)
        return self._only((w for w in widgets if type(w).__name__ == name), name)

    def _sentences(self, name):
        labels = self._part(name).findChildren(QtWidgets.QLabel)
        shown = [w.text().replace("\u200b", "") for w in labels if w.isVisible() and w.wordWrap()]
        return " ".join(text for text in shown if text)

    def _only(self, found, words):
        found = list(found)
        if len(found) != 1:
            raise LookupError(f"{len(found)} widgets for '{words}' in the docker")
        return found[0]

    def uncover(self, widget):
        area = widget.parentWidget()
        while area is not None:
            if isinstance(area, QtWidgets.QScrollArea):
                area.ensureWidgetVisible(widget)
            area = area.parentWidget()
        yield 100
        center = widget.mapToGlobal(widget.rect().center())
        under = QtWidgets.QApplication.widgetAt(center)
        if under is None or not (under is widget or widget.isAncestorOf(under)):
            raise LookupError(f"{widget} is covered or not shown")


def middle(widget):
    return on_screen(widget, widget.rect().center())


def on_screen(widget, point):
    """A point of a widget as a QPoint of the screen, in device pixels."""
    place, ratio = widget.mapToGlobal(point), widget.devicePixelRatioF()
    return QtCore.QPoint(int(place.x() * ratio), int(place.y() * ratio))
