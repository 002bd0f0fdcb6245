"""The daemon's place in the file system: a private directory, a lock, a socket; Unix only.

A second bind on a live ipc path succeeds in ZeroMQ and steals it, so the path is locked first and
probed by connecting; and whoever may enter the directory may talk to the daemon, so it is 0700.
"""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from draggan_daemon.config import ConfigError

_LONGEST = 107  # bytes that fit into sockaddr_un.sun_path


class AlreadyServed(Exception):
    """Another daemon answers at this socket."""

    code = "already_served"

    def __init__(self, path: Path) -> None:
        self.sentence = f"A daemon already answers at {path}."
        self.hint = "Use it, end it with `draggand stop`, or serve at another --endpoint."
        super().__init__(self.sentence)


def socket_path(endpoint: str) -> Path:
    """The path of an ipc:// endpoint. Raises ConfigError for every other kind of endpoint."""
    scheme, separator, rest = endpoint.partition("://")
    if separator and scheme == "tcp":
        raise ConfigError(
            "This daemon serves this computer only: tcp endpoints are not offered.",
            hint="Use an ipc:// path, or forward its socket with ssh.",
        )
    if scheme != "ipc" or not rest.startswith("/"):
        raise ConfigError(
            f"'{endpoint}' is no endpoint that can be served.",
            hint="Write ipc:// and an absolute path, such as ipc:///run/user/1000/d/d.sock.",
        )
    if len(os.fsencode(rest)) > _LONGEST or "\0" in rest:
        raise ConfigError(
            f"The socket path {rest} is longer than {_LONGEST} bytes.",
            hint="Choose a shorter directory for --endpoint.",
        )
    return Path(rest)


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold `path` for this process: nobody else's directory, no second daemon, no stale socket.

    Raises AlreadyServed, or ConfigError where the directory is not ours alone.
    """
    _make_private(path.parent)
    lock = _lock(path)
    try:
        _remove_stale(path)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise ConfigError(
            f"The socket's directory {directory} cannot be used: {error.strerror}.",
            hint="Choose another --endpoint.",
        ) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigError(
            f"The socket's directory {directory} is not a directory of yours.",
            hint="Choose an --endpoint in a directory that belongs to you.",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(
            f"The socket's directory {directory} is open to other users.",
            hint=f"Close it with `chmod 700 {directory}`, or choose another --endpoint.",
        )


def _lock(path: Path) -> int:
    """An open descriptor with the lock on it. The file stays: removing lock files is a race."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        lock = os.open(f"{path}.lock", flags, 0o600)
    except OSError as error:
        raise ConfigError(f"The lock {path}.lock cannot be opened: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise AlreadyServed(path) from None
    return lock


def _remove_stale(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ConfigError(
            f"{path} exists and is no socket.", hint="Move it away, or choose another --endpoint."
        )
    if answers(path):
        raise AlreadyServed(path)
    path.unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """Whether some process accepts connections at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # a full backlog, for one: somebody is there
            return True
    return True
