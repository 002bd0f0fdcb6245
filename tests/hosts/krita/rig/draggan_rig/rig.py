"""What a scenario gets: Krita, its inputs, a place for results, and mouse, keyboard and camera."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from .qt import QtCore, QtWidgets


class Rig:
    """`app` is Krita's instance, `out` the output folder, `given` what the test hands in.

    All that takes time is a generator: `yield from rig.click(point)`. Points are QPoints on the
    screen, in device pixels.
    """

    def __init__(self, app):
        self.app = app
        self.out = Path(os.environ["RIG_OUT"])
        self.given = json.loads((self.out / "given.json").read_text())
        self.results = {}
        self._began = time.perf_counter()
        self._log = (self.out / "rig.log").open("a", buffering=1)

    def path(self, name):
        """Where a file of the output folder is, as Krita wants it."""
        return str(self.out / name)

    def log(self, *words):
        print(f"{time.perf_counter() - self._began:8.3f}", *words, file=self._log)

    def put(self, name, value):
        """Keep a result; written at once, so that it survives a crash in the next line."""
        self.results[name] = value
        self.log(name, "=", value)
        text = json.dumps(self.results, indent=1, default=str)
        (self.out / "result.json").write_text(text)

    def run(self, *command, seconds=20):
        """Run a program beside Krita, whose event loop goes on."""
        words = [str(word) for word in command]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        yield from self.wait_for(lambda: process.poll() is not None, seconds, words[0])
        if process.returncode:
            raise RuntimeError(f"{command} ended with {process.returncode}")

    def wait_for(self, condition, seconds, what):
        end = time.perf_counter() + seconds
        while not condition():
            if time.perf_counter() > end:
                raise TimeoutError(f"{what}: not within {seconds} s")
            yield 20

    def ask(self, request, seconds=60):
        """Have the test outside do something, such as "kill_daemon", and wait until it is done."""
        done = self.out / ("done_" + request)
        done.unlink(missing_ok=True)
        (self.out / ("please_" + request)).touch()
        yield from self.wait_for(done.exists, seconds, request)

    def screenshot(self, name):
        """Save the whole screen as NAME.png."""
        yield 100
        yield from self.run("import", "-window", "root", self.path(name + ".png"))

    def click(self, point, button=1):
        at = ("mousemove", point.x(), point.y(), "sleep", "0.1")
        yield from self.run("xdotool", *at, "click", button, "sleep", "0.1")

    def drag(self, start, end, steps=10, button=1):
        """Press at a point of the screen, move, release: real X events."""
        words = ["mousemove", start.x(), start.y(), "sleep", "0.1", "mousedown", button]
        words += ["sleep", "0.05"]
        for k in range(1, steps + 1):
            x = start.x() + (end.x() - start.x()) * k // steps
            y = start.y() + (end.y() - start.y()) * k // steps
            words += ["mousemove", x, y, "sleep", "0.02"]
        yield from self.run("xdotool", *words, "sleep", "0.05", "mouseup", button, "sleep", "0.1")
        yield from self.catch_up()

    def catch_up(self):
        """Let Krita take in all that the pointer has done: painting may have kept it from that."""
        nothing = QtCore.Qt.MouseButton.NoButton
        for _ in range(3):
            yield 100
            yield from self.wait_for(
                lambda: QtWidgets.QApplication.mouseButtons() == nothing, 5, "the button's release"
            )

    def keys(self, *names):
        """Press keys one after the other, in xdotool's words: "ctrl+z"."""
        yield from self.run("xdotool", "key", "--delay", "60", *names)
        yield 100

    def dialogs(self):
        """The titles of all dialogs that are open; a plugin must not have opened any."""
        tops = QtWidgets.QApplication.topLevelWidgets()
        shown = [w for w in tops if isinstance(w, QtWidgets.QDialog) and w.isVisible()]
        return [w.windowTitle() or w.metaObject().className() for w in shown]
