"""A running GIMP that does what it is told: Python code goes in, its value comes back."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

CONSOLE, WINDOW = "gimp-console-3", "gimp-3"
SECONDS = 90  # for a start, the very first included
_numbers = itertools.count()


class GimpRaised(AssertionError):
    """The code that GIMP was given raised; the text is its traceback."""


class Gimp:
    """One GIMP process; its batch interpreter runs `remote.py`, beside all other plug-ins.

    Names that the code binds stay. `with` closes it at the end.
    """

    def __init__(self, out, display, *files):
        address = Path(tempfile.gettempdir(), f"gimp-{next(_numbers)}")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(address))
            listener.listen()
            self._process = _start(out, display, str(address), files)
            self._socket = self._accept(listener)
        self._lines = self._socket.makefile("rw", encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self, listener):
        listener.settimeout(0.5)
        for _ in range(2 * SECONDS):
            try:
                return listener.accept()[0]
            except TimeoutError:
                assert self._process.poll() is None, "GIMP has not started; see gimp.log"
        raise TimeoutError(f"GIMP's batch interpreter: not within {SECONDS} s")

    def do(self, code, /, *, seconds=120, **values):
        """The value of an expression, or None after statements; `values` are names for the code.

        What is no JSON comes back as its repr. Raises GimpRaised.
        """
        self.begin(code, **values)
        return self.end(seconds)

    def begin(self, code, /, **values):
        """Have code run that takes long; `end` has to be called before anything else is done."""
        self._lines.write(json.dumps({"code": code, "values": values}) + "\n")
        self._lines.flush()

    def end(self, seconds=120):
        """The value of the code that was begun."""
        self._socket.settimeout(seconds)
        line = self._lines.readline()
        if not line:
            raise GimpRaised("GIMP's batch interpreter has died")
        answer = json.loads(line)
        if "error" in answer:
            raise GimpRaised(answer["error"])
        return answer["value"]

    def close(self):
        """Ends GIMP: without a window as its own --quit does, with one at once."""
        if self._process.poll() is not None:
            return
        self._lines.close()
        self._socket.close()
        try:
            self._process.wait(10 if self._process.args[0] == CONSOLE else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start(out, display, address, files):
    code = f"from rig.remote import serve; serve({address!r})"
    if display is None:
        words, environment = [CONSOLE, "-i", *batch_words(code), "--quit"], os.environ
    else:
        words = [WINDOW, "-n", "--no-splash", *batch_words(code), *files]
        environment = display.environment
    with (out / "gimp.log").open("ab") as log:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )


def batch_words(code):
    """GIMP's options for Python code; it has no default interpreter."""
    return ["--batch-interpreter=python-fu-eval", "-b", code]
