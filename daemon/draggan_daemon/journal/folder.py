"""The journal's folder: private, locked by one daemon, and where damaged things are put aside.

Imports the wire only. File systems over a network are no place for it: locks and a memory map
between connections are relied on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .values import JournalError

DAMAGED = "damaged-"
MAX_DAMAGED = 3  # folders of damaged things that are kept for whoever wants to look at them


def private_folder(folder: Path) -> None:
    """Make `folder` and what leads to it; raises JournalError unless it is ours alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise JournalError(
                f"The journal's folder {folder} is not a folder of your own.",
                hint="Choose another folder under [journal] in the settings.",
            )
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise unusable(folder, error) from None


def unusable(folder: Path, error: Exception) -> JournalError:
    """The error for a folder in which the journal cannot be begun."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return JournalError(
        f"The journal cannot be kept in {folder}: {reason}.",
        hint="Make the folder writable and see that the disk is not full, choose another folder "
        "under [journal] in the settings, or turn the journal off there.",
    )


def lock_folder(folder: Path) -> int:
    """A descriptor that holds the lock until it is closed; raises JournalError where one does."""
    path = folder / "lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(folder, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise JournalError(
            f"Another daemon keeps its journal in {folder}.",
            hint="End it with `draggand stop`, or give this one a folder of its own.",
        ) from None
    return lock


def put_aside(folder: Path, paths: Iterable[Path]) -> Path | None:
    """Move what exists of `paths` to a folder "damaged-TIME" beside it; None where nothing did.

    Only the latest such folders are kept. Raises OSError.
    """
    there = [path for path in paths if os.path.lexists(path)]
    if not there:
        return None
    aside = folder / (DAMAGED + time.strftime("%Y%m%dT%H%M%S", time.gmtime()))
    aside.mkdir(mode=0o700, exist_ok=True)
    for path in there:
        os.replace(path, aside / path.name)
    for old in sorted(folder.glob(DAMAGED + "*"))[:-MAX_DAMAGED]:
        with suppress(OSError):
            shutil.rmtree(old)
    return aside
