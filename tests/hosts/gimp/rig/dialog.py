"""The filter's dialog as a user uses it: found by its words, really clicked."""

from __future__ import annotations

import re
import time

TITLE = "DragGAN"
GIMP = "GIMP$"
BELOW = ("OK", "Cancel", "Help")  # do not scroll with the panel
FAST = "Fast: a rough likeness"
SLOW = "0.001"
SETTLED = 0.4  # seconds without another line about the layout, after which it is true


class Dialog:
    """The newest dialog. Where things are, and how the edit stands, it tells in its test log."""

    def __init__(self, rig):
        self._rig = rig
        self._screen = rig.display()

    # Opening and closing.

    def open_by_keys(self):
        """As from the keyboard: "/" finds any entry of the menus."""
        self._rig.told.mark()
        self._screen.activate(GIMP)
        self._screen.keys("slash")
        self._screen.wait_for_window("Search Actions", 10)
        self._screen.type("draggan...")
        time.sleep(1)
        self._screen.keys("Return")
        self.wait_until_shown()

    def begin(self, gimp, call="drag(image, layer, mode=Gimp.RunMode.INTERACTIVE)"):
        """As a script calls it; `gimp.end()` gives what it returned once the dialog is closed."""
        self._rig.told.mark()
        gimp.begin(call)
        self.wait_until_shown()

    def wait_until_shown(self, seconds=30):
        def shown():
            assert "GIMP Message" not in self._screen.windows(), "a message instead of the dialog"
            return self._rig.told.last("geometry")

        self._rig.wait_for(shown, seconds, "the dialog")
        self.wait_until_settled()

    def wait_until_settled(self):
        """A window that has just come up, or got something new, is still being laid out."""
        while time.time() - self._geometry()["at"] < SETTLED:
            self._rig.told.wait_for_beats()

    def wait_for_connection(self, seconds=30):
        self._rig.told.wait("state", seconds, lambda state: state["connection"] == "connected")

    def wait_until_closed(self, seconds=20):
        self._rig.told.wait("closed", seconds)
        time.sleep(0.5)

    # Reading.

    @property
    def state(self):
        """The newest "state" of the log."""
        return self._rig.told.last("state")

    @property
    def message(self):
        return self.state["message"]

    @property
    def step(self):
        """(step shown, last step)."""
        return self.state["step"], self.state["last"]

    def widget(self, words):
        """A widget by what is written on it or before it, or what a screen reader says of it."""
        shown = self._geometry()["widgets"]
        found = [each for each in shown if each["text"].rstrip("… :") == words.rstrip("… :")]
        if len(found) != 1:
            raise LookupError(f"{len(found)} of '{words}' in {[each['text'] for each in shown]}")
        return found[0]

    def has(self, words):
        return any(each["text"] == words for each in self._geometry()["widgets"])

    def on_screen(self, point):
        """Where a point of the picture is on the screen."""
        picture = self._geometry()["picture"]
        return tuple(
            o + picture["scale"] * p for o, p in zip(picture["origin"], point, strict=True)
        )

    def read(self):
        """All that the message line has said, figures left out, each once in a row."""
        said = [re.sub(r"\d[\d.]*", "#", state["message"]) for state in self._rig.told.all("state")]
        return [words for k, words in enumerate(said) if words not in said[k - 1 : k]]

    # Using.

    def arrow(self, start, target):
        """Draw one on the picture."""
        self._rig.told.wait_for_beats()
        self._screen.drag(self.on_screen(start), self.on_screen(target))
        self._rig.told.wait_for_beats()

    def pin(self, point):
        self._screen.click(self.on_screen(point))
        self._rig.told.wait_for_beats()

    def press(self, words):
        widget = self._uncovered(words)
        if not widget["on"]:
            raise LookupError(f"'{words}' is disabled")
        self._screen.click(middle(widget))

    def choose(self, label, words):
        """Pick an entry of the list beside a label."""
        _, known = self.widget(label)["value"]
        row = known.index(words)
        self.press(label)
        time.sleep(0.5)
        self._screen.keys("Home", *["Down"] * row, "Return")
        self._rig.wait_for(lambda: self.widget(label)["value"][0] == row, 5, words)

    def enter(self, label, text):
        """Type into the field beside a label."""
        left, top, _, height = self._uncovered(label)["at"]
        self._screen.click((left + 15, top + height / 2), times=3)
        self._screen.keys("ctrl+a")
        self._screen.type(text)
        self._screen.keys("Tab")
        time.sleep(0.3)

    def drag(self, seconds=120):
        """Press Drag and wait until it is over."""
        before = self._rig.told.count()
        self.press("Drag")
        self._rig.told.wait_for_any("state", before, 10, lambda state: state["busy"])
        self.wait_until_idle(seconds)

    def begin_slow_drag(self, start, target):
        """From the keyboard to a drag of some seconds, whose steps the image shows too."""
        self.open_by_keys()
        self.wait_for_connection()
        self.choose("Quality", FAST)
        self.arrow(start, target)
        self.press("More options")
        self.wait_until_settled()
        self.press("Show steps in the image")
        self.enter("Speed", SLOW)
        self.press("Drag")

    def wait_until_idle(self, seconds=120):
        self._rig.told.wait("state", seconds, lambda state: not state["busy"])
        time.sleep(0.3)

    def wait_for_step(self, step, seconds=90):
        """Wait until the dialog shows that step or a later one."""
        self._rig.told.wait("state", seconds, lambda state: state["step"] >= step)

    def wait_for_message(self, pattern, seconds=30):
        def said(state):
            return re.search(pattern, state["message"])

        return self._rig.told.wait("state", seconds, said)["message"]

    def wait_for_fit(self, pattern, seconds=60):
        """Wait until the model has said how it knows the picture; an expression of the verdict."""

        def said(state):
            return re.match(pattern, state["fit"])

        return self._rig.told.wait("state", seconds, said)["fit"]

    def ok(self):
        self.press("OK")
        self.wait_until_closed()

    def cancel(self):
        self.press("Cancel")
        self.wait_until_closed()

    def _uncovered(self, words):
        """A widget that is to be used; the wheel brings it into sight where the panel scrolls."""
        self._rig.told.wait_for_beats()
        upper, lower = self._panel()
        widget, before = self.widget(words), None
        while words not in BELOW and not upper < middle(widget)[1] < lower and widget != before:
            _, y = middle(widget)
            over, _ = middle(self.widget("OK"))  # which stands below the panel
            self._screen.scroll((over, lower - 30), -2 if y > lower else 2)
            self._rig.told.wait_for_beats()
            widget, before = self.widget(words), widget
        return widget

    def _panel(self):
        """Between which heights what scrolls can surely be seen; a line at the top stays."""
        return self._geometry()["picture"]["box"][1] + 120, self.widget("OK")["at"][1] - 15

    def _geometry(self):
        return self._rig.told.wait("geometry", 10)


def middle(widget):
    left, top, width, height = widget["at"]
    return left + width / 2, top + height / 2
