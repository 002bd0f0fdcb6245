"""The journal as it lies on the disk, opened: lock, database, files; imports the wire and sqlite3.

Whatever is found damaged is put aside and named in `notes`, never guessed at; the rest is kept.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from .files import FileStore
from .folder import lock_folder, private_folder, put_aside, unusable
from .rows import Row, Tables
from .schema import NAME, SIDE_FILES, is_damage, open_database
from .values import Damaged


def database_path(folder: Path) -> Path:
    return folder / NAME


def files_folder(folder: Path) -> Path:
    return folder / "files"


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


class Disk:
    """`rows` are the sessions by name, as they stand in the database.

    Raises JournalError where the folder cannot be used. `distrust` puts the database aside unread.
    """

    def __init__(self, folder: Path, *, distrust: bool = False) -> None:
        self._folder = folder
        self.notes: list[str] = []
        private_folder(folder)
        private_folder(files_folder(folder))
        self._lock: int | None = lock_folder(folder)
        self._database: sqlite3.Connection | None = None
        self.files = FileStore(files_folder(folder))
        try:
            self._open(distrust)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise unusable(folder, error) from None
        except BaseException:
            self.close()
            raise

    @property
    def database(self) -> sqlite3.Connection:
        assert self._database is not None
        return self._database

    def check(self) -> None:
        """Raises OSError where the database is no longer the file that was opened."""
        if _identity(database_path(self._folder)) != self._opened:
            raise FileNotFoundError(errno.ENOENT, "the database was replaced")

    def set_aside(self, names: Iterable[str]) -> str:
        """Puts files aside; says where they are."""
        aside = put_aside(self._folder, [self.files.path(name) for name in names])
        return "" if aside is None else f" Its files are in {aside}."

    def bytes_on_disk(self) -> int:
        path, total = database_path(self._folder), self.files.bytes_on_disk()
        for name in (path.name, *(path.name + side for side in SIDE_FILES)):
            with suppress(OSError):
                total += os.stat(path.with_name(name)).st_size
        return total

    def close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self, distrust: bool) -> None:
        try:
            if distrust:
                raise Damaged("The journal's database is damaged.")
            # Beside files that a database knows, SQLite would take an empty one for a new one.
            self._read(new=not self.files.names())
        except (Damaged, sqlite3.DatabaseError) as error:
            if not isinstance(error, Damaged) and not is_damage(error):
                raise
            self._start_anew()
            self._read(new=True)  # a file may have been written meanwhile
        self._opened = _identity(database_path(self._folder))

    def _read(self, *, new: bool) -> None:
        self._database = open_database(database_path(self._folder), new=new)
        self.tables = Tables(self.database)
        found = list(self.tables.rows())
        self.database.execute("BEGIN IMMEDIATE")
        kept = [row for row in found if isinstance(row, Row) and self._has_its_files(row)]
        for name in found:
            if isinstance(name, str):
                self.tables.drop_named(name)
                self.notes.append(f"What the journal had of session {name} is damaged.")
        self.rows = {row.session: self._without_client(row) for row in kept}
        self.database.execute("COMMIT")
        known = {file.name for row in self.rows.values() for file in row.files()}
        self.files.remove(self.files.names() - known)

    def _has_its_files(self, row: Row) -> bool:
        wrong = [file.name for file in row.files() if not self.files.is_whole(file)]
        if not wrong:
            return True
        self.tables.drop(row.number)
        where = self.set_aside(file.name for file in row.files())
        self.notes.append(
            f"Session {row.session} cannot be resumed: its file {wrong[0]} is damaged or missing."
            + where
        )
        return False

    def _without_client(self, row: Row) -> Row:
        """Nobody is connected to a daemon that starts; nor has anybody left in the future."""
        left = min(time.time(), time.time() if row.detached is None else row.detached)
        if left != row.detached:
            row = replace(row, detached=left)
            self.tables.put(row)
        return row

    def _start_anew(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        path = database_path(self._folder)
        sides = [path.with_name(path.name + side) for side in SIDE_FILES]
        files = [self.files.path(name) for name in self.files.names()]
        aside = put_aside(self._folder, [path, *sides, *files])
        self.notes.append(
            "The journal was damaged: the sessions in it cannot be resumed. "
            f"It begins anew; what was there lies in {aside}."
        )
