"""Starts a daemon on this computer that goes by itself when nobody needs it; never waits; stdlib.

The command line and the editors' plugins start it alike. It outlives whoever started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Callable, Dict, List, Mapping, Optional, Sequence

from .endpoint import Endpoint, default_endpoint, make_socket_folder, parse_endpoint
from .errors import NoDaemon
from .host_environment import system_environment

PATIENCE = 60.0  # seconds for a daemon to come up: a cold disk reads Python and zmq slowly
RIVAL = 3.0  # seconds for another daemon to answer after ours found the socket taken
LOG_NAME = "draggand.log"
IDLE_EXIT = "15m"

_LAST_WORDS = 8192  # bytes at the end of the log that are looked at
_BY_HAND = "Start one yourself with `draggand serve`."
# What an editor and macOS's launcher set for one Python, and what would mislead another.
_HOSTS_OWN = (
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE"),
    "__PYVENV_LAUNCHER__",
)


class StartedDaemon:
    """A daemon process that we have started, until it answers or has to be given up."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        log: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.process = process
        self.log = log
        self._clock = clock
        self._deadline = clock() + PATIENCE

    def check(self) -> Optional[NoDaemon]:
        """None while it may still come up; else why waiting longer makes no sense."""
        now = self._clock()
        ended = self.process.poll()
        if ended is not None:
            self._deadline = min(self._deadline, now + RIVAL)
        if now < self._deadline:
            return None
        reason = "took too long to start" if ended is None else f"ended at once (code {ended})"
        return NoDaemon(
            f"A daemon was started but {reason}.",
            hint=f"Its last words: {_last_line(self.log)!r}; all of them stand in {self.log}",
        )


def start_daemon(
    command: Sequence[str], *, environment: Optional[Mapping[str, str]] = None
) -> StartedDaemon:
    """Starts `command` as a daemon at the user's own endpoint; returns at once.

    `command` is a program with its first arguments (`[python, "-m", "draggan_daemon"]`);
    `environment` (default: ours) is handed on without what an editor has set for itself. Its log
    lies beside its socket. Raises NoDaemon, AccessRefused or BadInput when it cannot be started.
    """
    place = parse_endpoint(default_endpoint())
    if not place.path:
        raise NoDaemon(f"No daemon can be started at {place} by itself.", hint=_BY_HAND)
    make_socket_folder(place.path)
    given = os.environ if environment is None else environment
    try:
        with open(Path(place.path).parent / LOG_NAME, "wb") as log:
            process = subprocess.Popen(
                [*command, *_arguments(place)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=str(Path(place.path).parent),
                env=own_environment(given),
                **_detached(),
            )
            return StartedDaemon(process, Path(log.name))
    except OSError as error:
        raise NoDaemon(
            f"No daemon answers, and none can be started: {error}.", hint=_BY_HAND
        ) from error


def own_environment(given: Mapping[str, str]) -> Dict[str, str]:
    """`given` without what an editor has set for its own Python, its Qt and its libraries."""
    return {
        name: value
        for name, value in system_environment(given).items()
        if name not in _HOSTS_OWN and not name.startswith("QT_")
    }


def _arguments(place: Endpoint) -> List[str]:
    # The address is said: the daemon's settings may name another than the one we connect to.
    return ["serve", "--endpoint", str(place), "--ephemeral", "--idle-exit", IDLE_EXIT]


def _detached() -> Dict[str, Any]:
    """Neither our Ctrl+C nor our end is the daemon's."""
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}


def _last_line(log: Path) -> str:
    try:
        with open(log, "rb") as file:
            _skip_to_the_end(file)
            lines = file.read(_LAST_WORDS).decode("utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "none"


def _skip_to_the_end(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LAST_WORDS))
