"""Finds the daemon, or starts one that goes by itself when nobody needs it; never torch."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from draggan_wire.client import Client, Connected, Lost, Refused
from draggan_wire.endpoint import Endpoint, default_endpoint, make_socket_folder, parse_endpoint
from draggan_wire.errors import NoDaemon

from draggan import __version__
from draggan.cli.interrupts import Interrupts
from draggan.cli.progress import Progress

PATIENCE = 60.0  # seconds for a daemon to come up: a cold disk reads Python and zmq slowly
LOG_NAME = "draggand.log"
_RIVAL = 3.0  # seconds for another daemon to answer after ours found the socket taken


def connect(endpoint: str | None, *, progress: Progress, interrupts: Interrupts) -> Client:
    """A client that has been welcomed; the caller closes it.

    `endpoint` None means the user's own daemon, which is started where none answers; an address
    that is named must answer. Raises NoDaemon, WrongProtocol or AccessRefused, and
    KeyboardInterrupt when the user has had enough.
    """
    progress.show("Connecting to the daemon")
    client = Client(endpoint, name=f"draggan {__version__}")
    try:
        _wait_for_welcome(client, endpoint, progress, interrupts)
    except BaseException:
        client.close()
        raise
    return client


def _wait_for_welcome(
    client: Client, endpoint: str | None, progress: Progress, interrupts: Interrupts
) -> None:
    started: _Started | None = None
    while True:
        for event in client.poll(0.1):
            if isinstance(event, Connected):
                progress.settle("Connected", event.welcome.daemon)
                return
            if isinstance(event, Refused):
                raise event.error
            if isinstance(event, Lost) and started is None:
                started = _start(endpoint, event)
                progress.show("Starting a daemon")
        if interrupts.requested:
            raise KeyboardInterrupt
        if started is not None:
            started.check()


class _Started:
    """A daemon process that we have started, until it answers or has to be given up."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self._deadline = time.monotonic() + PATIENCE

    def check(self) -> None:
        """Raises NoDaemon when waiting longer makes no sense."""
        now = time.monotonic()
        if self._process.poll() is not None:
            self._deadline = min(self._deadline, now + _RIVAL)
        if now < self._deadline:
            return
        ended = self._process.poll()
        reason = "took too long to start" if ended is None else f"ended at once (code {ended})"
        raise NoDaemon(
            f"A daemon was started but {reason}.",
            hint=f"Its last words: {_last_line(self._log)!r}; all of them stand in {self._log}",
        )


def _start(endpoint: str | None, lost: Lost) -> _Started:
    place = parse_endpoint(default_endpoint())
    if endpoint is not None or not place.path:
        raise lost.error
    with _open_log(place) as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "draggan_daemon", "serve", "--ephemeral", "--idle-exit", "15m"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=Path(place.path).parent,
            start_new_session=True,  # our Ctrl+C is not the daemon's
        )
        return _Started(process, Path(log.name))


def _open_log(place: Endpoint) -> IO[bytes]:
    make_socket_folder(place.path)
    try:
        return open(Path(place.path).parent / LOG_NAME, "wb")
    except OSError as error:
        raise NoDaemon(
            f"No daemon answers, and none can be started: {error}.",
            hint="Start one yourself with `draggand serve`.",
        ) from error


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "none"
