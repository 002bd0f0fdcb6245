"""What the plug-in tells tests about its dialog: one JSON line for each event."""

from __future__ import annotations

import json


class PluginLog:
    """The file grows while the plug-in runs; `mark` makes all that stands in it the past."""

    def __init__(self, path, wait_for):
        self._path = path
        self._wait_for = wait_for
        self._past = 0

    def mark(self):
        self._past = len(self._lines())

    def last(self, what, condition=lambda line: True):
        """The newest line of a kind since the mark that meets a condition, or None."""
        for line in reversed(self._lines()[self._past :]):
            if line["what"] == what and condition(line):
                return line
        return None

    def all(self, what):
        return [line for line in self._lines()[self._past :] if line["what"] == what]

    def count(self):
        """How many lines there are."""
        return len(self._lines())

    def wait_for_any(self, what, since, seconds, condition):
        """Wait until any line after the first `since` ones meets a condition."""

        def found():
            return any(line["what"] == what and condition(line) for line in self._lines()[since:])

        self._wait_for(found, seconds, f"any '{what}' in {self._path.name}")

    def wait_for_beats(self, count=3):
        """Wait until the dialog has looked at its layout anew, however busy the machine is."""
        for _ in range(count):
            before = self._path.stat().st_mtime_ns
            self._wait_for(
                lambda b=before: self._path.stat().st_mtime_ns != b, 10, "a sign of life"
            )

    def wait(self, what, seconds, condition=lambda line: True):
        """Wait until the newest line of a kind meets a condition; returns it."""

        def found():
            line = self.last(what)
            return line if line is not None and condition(line) else None

        return self._wait_for(found, seconds, f"'{what}' in {self._path.name}")

    def _lines(self):
        text = self._path.read_text() if self._path.exists() else ""
        whole, _, _ = text.rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]
