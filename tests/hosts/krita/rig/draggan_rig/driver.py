"""Runs the scenario file $RIG_SCENARIO step by step within Krita's event loop.

A scenario defines `def main(rig)`, a generator: every `yield milliseconds` gives Krita that time.
An exception ends it, with its traceback and a picture of the screen in the output folder.
"""

from __future__ import annotations

import importlib.util
import os
import traceback

from krita import Extension, Krita

from .qt import QtCore, QtWidgets
from .rig import Rig

PLUGIN = "draggan_krita"


class Driver(Extension):
    _rig = None

    def setup(self):
        pass

    def createActions(self, window):
        # Krita.activeWindow() is still None in here.
        if Driver._rig is None:
            Driver._rig = self.rig = Rig(Krita.instance())
            self.timer = QtCore.QTimer()
            self.timer.timeout.connect(self._begin_when_visible)
            self.timer.start(100)

    def _begin_when_visible(self):
        window = self.rig.app.activeWindow()
        if window is None or window.qwindow() is None or not window.qwindow().isVisible():
            return
        self.timer.stop()
        try:
            self.steps = self._story(load(os.environ["RIG_SCENARIO"]))
        except BaseException:
            self._end(traceback.format_exc())
            return
        QtCore.QTimer.singleShot(300, self._step)

    def _story(self, scenario):
        window = self.rig.app.activeWindow().qwindow()
        window.showMaximized()
        yield 500
        try:
            yield from scenario.main(self.rig)
        except BaseException:
            self.rig.put("error", traceback.format_exc())
            yield from self.rig.screenshot("failed")

    def _step(self):
        try:
            pause = next(self.steps)
        except StopIteration:
            self._end(None)
        except BaseException:
            self._end(traceback.format_exc())
        else:
            QtCore.QTimer.singleShot(int(pause or 0), self._step)

    def _end(self, error):
        if error:
            self.rig.put("error", error)
        report = diagnostics(self.rig)
        (self.rig.out / "report.txt").write_text(report)
        if "Traceback" in report:
            self.rig.put("error", report)
        self.rig.put("ok", "error" not in self.rig.results)
        for document in self.rig.app.documents():  # else Krita asks whether to save
            document.setBatchmode(True)
            document.setModified(False)
        window = self.rig.app.activeWindow()
        # Closing the main window ends Krita as users do: exit handlers run, settings are written.
        QtCore.QTimer.singleShot(0, lambda: window.qwindow().close())
        QtCore.QTimer.singleShot(3000, QtWidgets.QApplication.quit)


def diagnostics(rig):
    """What "Copy diagnostics" would copy; it holds what went wrong inside the plugin."""
    for widget in QtWidgets.QApplication.allWidgets():
        if type(widget).__name__ == "Panel" and type(widget).__module__.startswith(PLUGIN):
            return widget._studio.report()
    return ""


def load(path):
    spec = importlib.util.spec_from_file_location("scenario", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
