"""The journal's tables and how a database of them is opened, checked and brought up to date.

Imports the wire and sqlite3 only. Versions only go forward; before a change the database is copied.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from .files import sync_folder
from .values import Damaged, JournalError

NAME = "journal.sqlite"
SIDE_FILES = ("-wal", "-shm")  # what SQLite keeps beside a database
WAL_BYTES = 32 << 20  # the log is worked into the database when it is longer
CHECKED_BYTES = 128 << 20  # a larger database is not read through at every start

# Script n brings a database of version n - 1 to version n. All that is kept has a digest: SQLite
# itself would not notice a flipped bit.
SCRIPTS = (
    """
    CREATE TABLE sessions (
        number INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, token TEXT NOT NULL,
        principal TEXT NOT NULL, model TEXT NOT NULL, created REAL NOT NULL,
        width INTEGER NOT NULL, height INTEGER NOT NULL, state TEXT NOT NULL, detached REAL,
        re INTEGER, first INTEGER NOT NULL, kept INTEGER NOT NULL, frames INTEGER NOT NULL,
        position INTEGER NOT NULL, last INTEGER NOT NULL, steps INTEGER NOT NULL,
        resume INTEGER NOT NULL, base TEXT, opening TEXT, digest BLOB NOT NULL
    );
    CREATE TABLE steps (
        number INTEGER NOT NULL, step INTEGER NOT NULL, data BLOB NOT NULL, digest BLOB NOT NULL,
        PRIMARY KEY (number, step)
    );
    CREATE TABLE latest (
        number INTEGER NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL, digest BLOB NOT NULL,
        PRIMARY KEY (number, kind)
    );
    """,
)


def open_database(
    path: Path, *, scripts: Sequence[str] = SCRIPTS, new: bool = True
) -> sqlite3.Connection:
    """The writer's connection; `new`: the database may be one that has still to be made.

    Raises Damaged, JournalError (written by a newer daemon),
    sqlite3.Error or OSError.

    NORMAL outlives the process at every commit, and the machine from the next FULL commit on.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    os.chmod(path, 0o600)  # SQLite gives its side files the same mode
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        _prepare(database, path, scripts, new)
    except BaseException as error:
        database.close()
        if is_damage(error):
            raise Damaged("The journal's database is damaged.") from None
        raise
    return database


def is_damage(error: BaseException | None) -> bool:
    """Whether SQLite says that the file is broken, rather than that it cannot be used now."""
    return type(error) is sqlite3.DatabaseError


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection of one's own that sees what is committed; raises sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)


def _prepare(database: sqlite3.Connection, path: Path, scripts: Sequence[str], new: bool) -> None:
    database.execute("PRAGMA auto_vacuum=INCREMENTAL")  # has an effect on a new file only
    if _number(database, "journal_mode=WAL") != "wal":
        raise JournalError(f"The file system of {path.parent} cannot hold a journal.")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
    database.execute("PRAGMA synchronous=FULL")
    if _number(database, "page_count") * _number(database, "page_size") <= CHECKED_BYTES:
        found = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise Damaged("The journal's database is damaged.")
    if not new and _number(database, "user_version") == 0:
        raise Damaged("The journal's database is gone.")
    _bring_up_to_date(database, path, scripts)


def _bring_up_to_date(database: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    version = _number(database, "user_version")
    if version > len(scripts):
        raise JournalError(
            f"The journal in {path.parent} was written by a newer daemon.",
            hint="Update this daemon, or give it a journal folder of its own.",
        )
    if version == 0 and database.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise Damaged("The journal's database has no version.")
    if 0 < version < len(scripts):
        _copy(database, path.with_name(f"{path.name}.version-{version}"))
    for number in range(version, len(scripts)):
        database.executescript(
            f"BEGIN IMMEDIATE; {scripts[number]}; PRAGMA user_version={number + 1}; COMMIT;"
        )


def _copy(database: sqlite3.Connection, backup: Path) -> None:
    backup.unlink(missing_ok=True)
    os.close(os.open(backup, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(backup)) as copy:
        database.backup(copy)
    sync_folder(backup.parent)


def _number(database: sqlite3.Connection, pragma: str) -> int:
    (value,) = database.execute(f"PRAGMA {pragma}").fetchone()
    result: int = value
    return result
