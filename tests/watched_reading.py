"""Reads every file of a folder under an audit hook: `python -m tests.watched_reading FOLDER`.

Prints a line of JSON per file: what came out, the seconds it took, and every event that the
interpreter reported meanwhile (imports, files opened, programs run, code compiled ...); the last
line has the peak memory. Its own memory is limited to 4 GB of addresses.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from draggan.checkpoint.pickles import read_pickles
from draggan.errors import BadCheckpoint

# What Python reports although nothing outside the interpreter happens.
_HARMLESS = {"builtins.id", "sys._getframe", "object.__getattr__", "mmap.__new__"}


def main(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    events: list[str] = []
    reading: list[Path] = []

    def watch(event: str, arguments: tuple) -> None:
        if not reading or event in _HARMLESS:
            return
        if event != "open" or (str(arguments[0]), arguments[1]) != (str(reading[0]), "r"):
            events.append(event)

    sys.addaudithook(watch)
    for path in sorted(folder.iterdir()):
        begun = time.perf_counter()
        reading.append(path)
        try:
            outcome, sentence, hint = "read", type(read_pickles(path)).__name__, ""
        except BadCheckpoint as error:
            outcome, sentence, hint = "refused", error.sentence, error.hint
        except BaseException as error:
            outcome, sentence, hint = "escaped", repr(error)[:200], ""
        reading.clear()
        seconds = time.perf_counter() - begun
        print(json.dumps([path.name, outcome, sentence, hint, seconds, events]), flush=True)
        events.clear()
    print(peak_kb())


def peak_kb() -> int:
    """Most memory since this program began; getrusage counts what its parent had before."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.read_text().partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
