"""Starts the import process, listens to it and ends it; standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from ..errors import BadCheckpoint, CannotWrite, DragganError
from .card import printable
from .import_process import Job

# -I: neither the environment nor the working directory says what Python loads. What this process
# found its own modules in is handed over instead, behind the places that Python itself knows.
_START = (
    "import sys; sys.path += [p for p in sys.argv[1:] if p not in sys.path]; "
    "from draggan.checkpoint.import_process import main; sys.exit(main())"
)
_KEPT_VARIABLES = (
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP"),
    *("LANG", "LC_ALL", "LC_CTYPE", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"),
)
_MAX_LINE, _MAX_LINES = 2**16, 1000


@dataclass(frozen=True)
class Reading:
    """What the process had to say in the end."""

    origin: str
    notes: tuple[str, ...]


def run_job(job: Job, *, report: Callable[[str], None] | None = None) -> Reading:
    """Have the job done; `report` is told each stage. Raises `BadCheckpoint` and `CannotWrite`."""
    with _process() as process:
        assert process.stdin is not None and process.stdout is not None
        deadline = time.monotonic() + job.seconds
        timer = threading.Timer(job.seconds, process.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it has ended: the exit code says how
                process.stdin.write(job.line())
                process.stdin.close()
            reading = _listen(process.stdout, report or _ignore)
        finally:
            timer.cancel()
        if reading is None:
            raise _silence(job, process.wait(), overdue=time.monotonic() >= deadline)
        return reading


def _silence(job: Job, code: int, *, overdue: bool) -> BadCheckpoint:
    """What it means that the process has ended without a last word."""
    if overdue or code == -getattr(signal, "SIGALRM", 0):
        return BadCheckpoint(
            f"Reading {job.name} took longer than {job.seconds} seconds and was given up.",
            hint="If the computer was busy, try again; else the file is none that it pretends.",
        )
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return BadCheckpoint(
        f"The process that read {job.name} ended before it was done ({how}).",
        hint="The file may be damaged, or memory may have run out: see that some is free.",
    )


@contextlib.contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    """The process; it does not survive the block."""
    debugging = "DRAGGAN_DEBUG" in os.environ
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _START, *(p for p in sys.path if os.path.isabs(p))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if debugging else subprocess.DEVNULL,
        cwd=os.path.abspath(os.sep),
        env=_environment(os.environ),
        start_new_session=True,  # our Ctrl+C is for us to hear
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: ours[name] for name in _KEPT_VARIABLES if name in ours}
    return {**kept, "CUDA_VISIBLE_DEVICES": "", "MALLOC_ARENA_MAX": "2"}


def _listen(stream: IO[bytes], report: Callable[[str], None]) -> Reading | None:
    """Follows the lines to the last one; None if there is no last one. Raises its refusal."""
    notes: list[str] = []
    for _ in range(_MAX_LINES):
        message = _message(stream.readline(_MAX_LINE))
        if "stage" in message:
            report(printable(message["stage"]))
        elif "note" in message:
            notes.append(printable(message["note"]))
        elif isinstance(message.get("done"), dict):
            return Reading(printable(message["done"].get("origin", "")), tuple(notes))
        elif isinstance(message.get("refused"), dict):
            raise _refusal(message["refused"])
        else:
            return None
    return None


def _message(line: bytes) -> dict[str, dict[str, object]]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _refusal(told: Mapping[str, object]) -> DragganError:
    kind = CannotWrite if told.get("code") == CannotWrite.code else BadCheckpoint
    return kind(printable(told.get("sentence", "")), hint=printable(told.get("hint", "")))


def _ignore(stage: str) -> None:
    pass
