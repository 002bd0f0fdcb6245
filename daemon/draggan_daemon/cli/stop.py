"""`draggand stop`: ends the daemon after the step it computes; standard library only."""

from __future__ import annotations

import argparse
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from draggan_wire.errors import NoDaemon

from ..exit_codes import OK
from ..local_socket import serving_process
from .asking import NotNow
from .place import add_endpoint, place

STOP_SECONDS = 30.0


def register(commands: Any) -> None:
    stop = commands.add_parser("stop", help="end the daemon after the step it computes")
    stop.description = (
        "Ends the daemon as SIGTERM does: the step in flight is finished, clients are told, and "
        "the journal keeps the sessions for the next daemon."
    )
    add_endpoint(stop)
    stop.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    path = place(options)
    process = serving_process(path)
    if process is None:
        raise NoDaemon(f"No daemon serves {path}.", hint="There is nothing to stop.")
    stop_process(process, path)
    print(f"stopped the daemon at ipc://{path}")
    return OK


def stop_process(process: int, path: Path) -> None:
    """Returns when the daemon that serves `path` has ended. Raises NotNow if it does not."""
    with suppress(ProcessLookupError):  # it was about to end anyway
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while serving_process(path) == process:
        if time.monotonic() > deadline:
            raise NotNow(
                f"The daemon (process {process}) has not ended after {STOP_SECONDS:g} s.",
                hint=f"`kill {process}` ends it at once.",
            )
        time.sleep(0.02)
