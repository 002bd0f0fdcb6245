"""What a scenario gets: GIMP with and without a display, a place for results, and time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

from .display import Display
from .gimp import CONSOLE, Gimp, batch_words
from .plugin_log import PluginLog


class Rig:
    """`out` is the output folder, `given` what the test hands in, `told` the plug-in's test log."""

    def __init__(self):
        self.out = Path(os.environ["RIG_OUT"])
        self.given = json.loads((self.out / "given.json").read_text())
        self.results = {}
        self.told = PluginLog(Path(os.environ["DRAGGAN_TEST_LOG"]), self.wait_for)
        self._began = time.monotonic()
        self._log = (self.out / "rig.log").open("a", buffering=1)
        self._display = None
        self._gimps = []

    def path(self, name):
        """Where a file of the output folder is."""
        return str(self.out / name)

    def log(self, *words):
        print(f"{time.monotonic() - self._began:8.3f}", *words, file=self._log)

    def put(self, name, value):
        """Keep a result; written at once, so that it survives what comes next."""
        self.results[name] = value
        self.log(name, "=", value)
        text = json.dumps(self.results, indent=1, default=str)
        (self.out / "result.json").write_text(text)

    def display(self):
        """The X display, the same for all that is started in a run."""
        if self._display is None:
            self._display = Display(self.out)
        return self._display

    def console(self):
        """GIMP without a window; see `Gimp`."""
        return self._started(Gimp(self.out, None))

    def gimp(self, *files):
        """GIMP with its window, the files opened; returns when its window is there."""
        gimp = self._started(Gimp(self.out, self.display(), *files))
        self.display().wait_for_window("GNU Image Manipulation Program|GIMP", 60)
        return gimp

    def batch(self, path):
        """Run a Python file in GIMP without a window: (status, text); 64 means that it raised."""
        lines = (
            f"import sys; sys.path.insert(0, {os.environ['RIG_PLUGIN']!r})",
            f"exec(compile(open({str(path)!r}).read(), {str(path)!r}, 'exec'))",
        )
        done = subprocess.run(
            [CONSOLE, "-i", *batch_words("; ".join(lines)), "--quit"],
            cwd=self.out,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        with (self.out / "batch.log").open("a") as log:
            log.write(done.stdout)
        return done.returncode, done.stdout

    def wait_for(self, condition, seconds, what):
        """Wait until a condition holds; returns what it returned."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {seconds} s")
            time.sleep(0.05)
        return found

    def ask(self, request, seconds=60):
        """Have the test outside do something, such as "kill_daemon", and wait until it is done."""
        done = self.out / ("done_" + request)
        done.unlink(missing_ok=True)
        (self.out / ("please_" + request)).touch()
        self.wait_for(done.exists, seconds, request)

    def screenshot(self, name):
        """Save the whole screen as NAME.png."""
        time.sleep(0.2)
        self.display().screenshot(name)

    def picture_of_failure(self):
        """The screen at the time of a failure shows the dialog that nobody answered."""
        if self._display is not None:
            with contextlib.suppress(subprocess.CalledProcessError):
                self._display.screenshot("failed")

    def close(self):
        for gimp in self._gimps:
            gimp.close()

    def _started(self, gimp):
        self._gimps.append(gimp)
        return gimp
