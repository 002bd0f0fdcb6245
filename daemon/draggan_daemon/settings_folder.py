"""Files in the user's settings folder that decide who gets in; standard library and config only.

They are read only if nobody else can have written them (nor, for secrets, read them), and written
as a whole: under a lock, to a new file of its owner's alone, then renamed.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .config import ConfigError

LARGEST = 1 << 20  # bytes of a list of keys


def settings_folder() -> Path:
    """`$XDG_CONFIG_HOME/draggand`, by default `~/.config/draggand`; it need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "draggand"


def read_trusted(path: Path, *, secret: bool = False) -> str | None:
    """The text of a file, None where there is none.

    Raises ConfigError, with the command that helps, if another user could have written the file
    (or, for a secret, read it), and if it is no plain text file of at most 1 MiB.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        _check(path, os.fstat(file), 0o077 if secret else 0o022)
        _check_folder(path.parent)
        data = os.read(file, LARGEST + 1)
    finally:
        os.close(file)
    if len(data) > LARGEST:
        raise ConfigError(f"{path} is larger than {LARGEST} bytes.", hint="Remove old lines.")
    return data.decode("utf-8", "replace")


def write_private(path: Path, text: str) -> None:
    """Replaces the file at once, or not at all; only its owner can read it (0600)."""
    target = Path(os.path.realpath(path))  # a link that an administrator has made stays one
    try:
        make_private_folder(target.parent)
        file, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as output:
                output.write(text)
                output.flush()
                os.fsync(output.fileno())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(target.parent)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Check the folder's owner and the space on its disk.",
        ) from None


def make_private_folder(folder: Path) -> None:
    """Makes the folder for its owner alone; one that exists keeps its mode."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time changes the folder's files: reading, thinking and writing are one."""
    try:
        make_private_folder(folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(folder / ".lock", flags, 0o600)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be used: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _check(path: Path, found: os.stat_result, forbidden: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is no file.", hint="Move it away.")
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{path} belongs to another user, so it cannot be trusted.",
            hint=f"Look at what is in it, then: `sudo chown $USER {path}`.",
        )
    if found.st_mode & forbidden:
        could = "read" if forbidden & 0o044 else "change"
        raise ConfigError(
            f"Other users can {could} {path} (mode {found.st_mode & 0o777:04o}).",
            hint=f"If nobody has, close it to them: `chmod 600 {path}`.",
        )


def _check_folder(folder: Path) -> None:
    found = os.stat(folder)
    if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022:
        raise ConfigError(
            f"Other users can change the folder {folder}, so its files cannot be trusted.",
            hint=f"If nobody has, close it to them: `chmod 700 {folder}`.",
        )


def _sync(folder: Path) -> None:
    """Makes the renaming itself last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
