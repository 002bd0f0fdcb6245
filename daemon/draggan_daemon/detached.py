"""A daemon that outlives whoever started it and ends by itself when idle; no torch, Unix only."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

from draggan_wire.endpoint import lasting_endpoint, make_socket_folder, parse_endpoint
from draggan_wire.errors import NoDaemon

from .local_socket import answers

LOG_NAME = "draggand.log"
LARGEST_LOG = 10_000_000  # bytes
PATIENCE = 60.0  # seconds for a daemon to come up: a cold disk reads Python and zmq slowly
RIVAL = 3.0  # seconds for another daemon to answer after ours found the socket taken


def lasting_path(
    path: Path,
    *,
    runtime: Path = Path("/run/user"),
    lingering: Path = Path("/var/lib/systemd/linger"),
) -> Path:
    """`path`, or another place for it where it would not last.

    systemd removes a user's runtime folder when the last login ends, unless the user lingers: a
    daemon that was started over ssh would lose its socket whenever the connection drops.
    """
    user = pwd.getpwuid(os.getuid()).pw_name
    if runtime not in path.parents or (lingering / user).exists():
        return path
    return Path(parse_endpoint(lasting_endpoint()).path)


def ensure_daemon(path: Path) -> None:
    """Returns when a daemon answers at `path`, which is started there if need be.

    Raises AccessRefused for a folder that is not ours alone, and NoDaemon when none comes up.
    """
    make_socket_folder(str(path))
    if answers(path):
        return
    log = path.parent / LOG_NAME
    process = _start(path, log)
    deadline = time.monotonic() + PATIENCE
    while not answers(path):
        now = time.monotonic()
        if process.poll() is not None:
            deadline = min(deadline, now + RIVAL)
        if now > deadline:
            raise _failed(process.poll(), log)
        time.sleep(0.02)


def _start(path: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "draggan_daemon", "serve", "--ephemeral"]
    try:
        _begin_anew(log)
        with log.open("ab") as output:
            return subprocess.Popen(
                [*command, "--endpoint", f"ipc://{path}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=path.parent,
                start_new_session=True,
            )
    except OSError as error:
        raise NoDaemon(
            f"No daemon answers, and none can be started: {error}.",
            hint="Start one yourself with `draggand serve`.",
        ) from error


def _begin_anew(log: Path) -> None:
    """One log before this one is kept: daemons that editors start come and go for years."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))


def _failed(code: int | None, log: Path) -> NoDaemon:
    reason = "took too long to start" if code is None else f"ended at once (code {code})"
    return NoDaemon(
        f"A daemon was started but {reason}.", hint=f"Its last words stand at the end of {log}."
    )
