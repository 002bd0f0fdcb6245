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

from draggan_wire.endpoint import make_socket_folder, parse_endpoint
from draggan_wire.errors import BadInput, WireError

from .config import ConfigError


class AlreadyServed(WireError):
    """Another daemon answers at this socket."""

    code = "already_served"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"A daemon, or a relay to one, already answers at {path}.",
            hint="Use it, end it with `draggand stop`, or serve at another --endpoint.",
        )


def socket_path(address: str) -> Path:
    """The path of an ipc:// address; raises ConfigError for every other kind of address."""
    try:
        endpoint = parse_endpoint(address)
    except BadInput as error:
        raise ConfigError(error.sentence, hint=error.hint) from None
    if not endpoint.path:
        raise ConfigError(
            f"The daemon does not listen on {address}: it serves local sockets only.",
            hint="Use ipc:// and a path; editors elsewhere reach it by ssh://HOST.",
        )
    return Path(endpoint.path)


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold `path` for this process: nobody else's directory, no second daemon, no stale socket.

    Raises AlreadyServed, AccessRefused where the directory is not ours alone, and ConfigError
    where something else is in the way. The lock file holds the process id while it is locked.
    """
    make_socket_folder(str(path))
    lock = _lock(path)
    try:
        _remove_stale(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(lock)


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
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def serving_process(path: Path) -> int | None:
    """The process id of the daemon that holds the lock of `path`; None where none does."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        text = os.read(lock, 32)
        return int(text) if text.isdigit() else None
    finally:
        os.close(lock)
    return None


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
