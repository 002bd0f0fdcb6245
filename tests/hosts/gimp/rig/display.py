"""A private X display with a window manager: pointer, keyboard, camera."""

from __future__ import annotations

import os
import re
import subprocess
import time

SIZE = "1600x1000"


class Display:
    """Points are (x, y) of the screen. What is started with `environment` shows up here."""

    def __init__(self, out):
        self._out = out
        self.environment = dict(os.environ)
        read, write = os.pipe()
        # The server chooses a free number: they are shared by all root file systems.
        words = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE}x24", "-nolisten", "tcp"]
        with (out / "xvfb.log").open("wb") as log:
            subprocess.Popen(words, stdout=log, stderr=log, pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError((out / "xvfb.log").read_text())
        self.environment["DISPLAY"] = f":{number}"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen(["openbox"], env=self.environment, **quiet)

    # Pointer and keyboard: real X events.

    def move(self, point):
        self._do("mousemove", *rounded(point), "sleep", "0.1")

    def click(self, point, button=1, times=1):
        at = ("mousemove", *rounded(point), "sleep", "0.15")
        presses = ("click", "--repeat", times, "--delay", "80", button)
        self._do(*at, *presses, "sleep", "0.15")

    def drag(self, start, end, steps=10, button=1):
        """Press at a point, move, release."""
        words = ["mousemove", *rounded(start), "sleep", "0.1", "mousedown", button]
        words += ["sleep", "0.05"]
        for k in range(1, steps + 1):
            at = [start[i] + (end[i] - start[i]) * k / steps for i in (0, 1)]
            words += ["mousemove", *rounded(at), "sleep", "0.02"]
        self._do(*words, "sleep", "0.05", "mouseup", button, "sleep", "0.2")

    def scroll(self, point, clicks):
        """Turn the wheel at a point; a positive number turns it up."""
        button = 4 if clicks > 0 else 5
        at = ("mousemove", *rounded(point), "sleep", "0.1")
        self._do(*at, "click", "--repeat", abs(clicks), "--delay", "60", button, "sleep", "0.2")

    def keys(self, *names):
        """Press keys one after the other, in xdotool's words: "ctrl+z"."""
        self._do("key", "--delay", "60", *names)  # xdotool takes all that follows for keys
        time.sleep(0.1)

    def type(self, text):
        self._do("type", "--delay", "60", text)
        time.sleep(0.1)

    # Windows.

    def windows(self):
        """The titles of all windows that can be seen."""
        return [title for _, title in self._windows()]

    def wait_for_window(self, pattern, seconds):
        """Wait until a window's title holds the pattern; returns its number."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for number, title in self._windows():
                if re.search(pattern, title):
                    return number
            time.sleep(0.2)
        raise TimeoutError(f"no window '{pattern}' within {seconds} s: {self.windows()}")

    def activate(self, pattern):
        """Bring a window to the front and give it the keyboard."""
        self._do("windowactivate", "--sync", self.wait_for_window(pattern, 10), "sleep", "0.2")

    def screenshot(self, name):
        words = ["import", "-window", "root", str(self._out / f"{name}.png")]
        subprocess.run(words, check=True, env=self.environment)

    def _windows(self):
        words = ["xdotool", "search", "--onlyvisible", "--name", "."]
        found = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        for number in found.stdout.split():
            words = ["xdotool", "getwindowname", number]
            title = subprocess.run(words, env=self.environment, capture_output=True, text=True)
            if title.returncode == 0:
                yield number, title.stdout.strip()

    def _do(self, *words):
        words = ["xdotool", *map(str, words)]
        subprocess.run(words, check=True, env=self.environment, stdout=subprocess.DEVNULL)


def rounded(point):
    return tuple(round(value) for value in point)
