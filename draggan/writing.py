"""Files that appear whole or not at all; standard library only.

A result is written beside its final name and renamed over it, so that neither Ctrl+C nor a full
disk leaves half a file under a name that an artist trusts.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from draggan.errors import CannotWrite


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file (seekable, empty) that takes the place of `path` when the block ends well.

    The folder is made where it is missing. Raises CannotWrite; on any error, Ctrl+C included, what
    stood at `path` before still stands there.
    """
    path = Path(path)
    part = path.with_name(f".draggan-{os.getpid()}{path.suffix}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # O_EXCL semantics: never write through a link that somebody else put there.
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def check_folder(folder: str | Path) -> Path:
    """Proves, before any work, that files can be put into `folder`; leaves nothing behind.

    Returns the folder's path. Raises CannotWrite.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise CannotWrite(
            f"The output folder {folder} is a file.", hint="Name another folder with --out."
        )
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    probe = folder / f".draggan-{os.getpid()}.probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _cannot_write(folder, error) from error
    finally:
        for made in missing:
            with contextlib.suppress(OSError):
                made.rmdir()
    return folder


_REMEDIES = {
    errno.ENOSPC: ("the disk is full", "Free some space, or name another folder with --out."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, or name another folder."),
    errno.EACCES: ("you may not write there", "Name a folder of your own with --out."),
    errno.EPERM: ("you may not write there", "Name a folder of your own with --out."),
    errno.EROFS: ("that disk is read-only", "Name a folder on another disk with --out."),
    errno.ENOTDIR: ("a part of that path is a file", "Name another folder with --out."),
    errno.EEXIST: ("a part of that path is a file", "Name another folder with --out."),
    errno.EISDIR: ("there is a folder of that name", "Move it away, or name another folder."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name with --out."),
}


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    reason, hint = _REMEDIES.get(
        error.errno or 0, (error.strerror or str(error), "Name another folder with --out.")
    )
    return CannotWrite(f"Cannot write {path}: {reason}.", hint=hint)
