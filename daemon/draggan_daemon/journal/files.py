"""Pictures and other large data of the journal, one file each; standard library only.

A file is complete and on the disk before its name exists, and its digest is kept elsewhere: what
does not match any more is never given out.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .values import Damaged

Bytes = bytes | bytearray | memoryview

_PIECE = 1 << 20  # bytes that are hashed and written at a time
_UNFINISHED = ".new"
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class StoredFile:
    """A file's name, its size in bytes and its digest; `text()` is how a table keeps it."""

    name: str
    size: int
    digest: str

    def text(self) -> str:
        return f"{self.name} {self.size} {self.digest}"

    @classmethod
    def parse(cls, text: str) -> StoredFile:
        name, size, digest = text.split(" ")
        return cls(name, int(size), digest)


class FileStore:
    """A folder of files that never change once they have their name. Safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, kind: str, pieces: Iterable[Bytes]) -> StoredFile:
        """Returns when file and name are on the disk. Raises OSError and leaves nothing behind."""
        name = f"{kind}-{secrets.token_hex(8)}"
        path, unfinished = self._folder / name, self._folder / (name + _UNFINISHED)
        digest, size = hashlib.blake2b(digest_size=16), 0
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        try:
            try:
                for piece in _cut(pieces):
                    digest.update(piece)
                    _write_all(file, piece)
                    size += len(piece)
                os.fsync(file)
            finally:
                os.close(file)
            os.rename(unfinished, path)
            sync_folder(self._folder)
        except BaseException:
            for left in (unfinished, path):
                with suppress(OSError):
                    left.unlink()
            raise
        return StoredFile(name, size, digest.hexdigest())

    def read(self, stored: StoredFile) -> bytes:
        """The whole file. Raises Damaged where it is not what was written, or not there."""
        try:
            file = os.open(self._folder / stored.name, os.O_RDONLY | _FLAGS)
        except OSError as error:
            raise Damaged(f"The file {stored.name} cannot be read: {error.strerror}.") from None
        with os.fdopen(file, "rb") as stream:
            right = os.fstat(file).st_size == stored.size
            data = stream.read(stored.size) if right else b""
        if not right or hashlib.blake2b(data, digest_size=16).hexdigest() != stored.digest:
            raise Damaged(f"The file {stored.name} is not what had been written.")
        return data

    def is_whole(self, stored: StoredFile) -> bool:
        """Whether a file of that name and size is there, without reading it."""
        with suppress(OSError):
            return os.stat(self._folder / stored.name, follow_symlinks=False).st_size == stored.size
        return False

    def remove(self, names: Iterable[str]) -> None:
        """Whatever cannot be removed now is found as an orphan at the next start."""
        for name in names:
            with suppress(OSError):
                (self._folder / name).unlink()

    def names(self) -> set[str]:
        """Everything in the folder, also what was never finished."""
        return {entry.name for entry in os.scandir(self._folder)}

    def bytes_on_disk(self) -> int:
        total = 0
        for entry in os.scandir(self._folder):
            with suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
        return total

    def path(self, name: str) -> Path:
        return self._folder / name


def sync_folder(folder: Path) -> None:
    """Names that were made or removed in `folder` are on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cut(pieces: Iterable[Bytes]) -> Iterable[memoryview]:
    for piece in pieces:
        view = memoryview(piece).cast("B")
        for start in range(0, len(view), _PIECE):
            yield view[start : start + _PIECE]


def _write_all(file: int, data: memoryview) -> None:
    while data:
        data = data[os.write(file, data) :]
