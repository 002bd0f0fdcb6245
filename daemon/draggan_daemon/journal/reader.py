"""What the journal gives back of a session; imports the wire and sqlite3 only.

Each call has a connection of its own and sees one state of the database; large data come straight
from their files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from draggan_wire.messages import Done, Drag, Open, Ready

from ..worker import Snapshot
from .disk import database_path, files_folder
from .files import FileStore, StoredFile
from .requests import read_request, read_words
from .rows import DRAG, DRAGGING, ENDED, OPENING, RESUME, WORDS, Row, Tables
from .schema import is_damage, open_for_reading
from .values import Damaged, JournalError

T = TypeVar("T")
InFlight = Open | Drag | Done | Ready | None


def read_snapshot(folder: Path, session: str) -> Snapshot:
    """Raises Damaged, or JournalError where there is nothing to be restored."""
    return _reading(folder, session, _snapshot)


def read_in_flight(folder: Path, session: str) -> tuple[InFlight, int | None]:
    """Raises Damaged, or JournalError where there is no such session."""
    return _reading(folder, session, _in_flight)


def _reading(folder: Path, session: str, read: Callable[[Row, Tables, FileStore], T]) -> T:
    try:
        with closing(open_for_reading(database_path(folder))) as database:
            database.execute("BEGIN")  # what is read belongs together
            tables = Tables(database)
            row = tables.row(session)
            if row is None:
                raise JournalError(
                    "The daemon does not keep this session any more.",
                    hint="Open the picture again.",
                )
            return read(row, tables, FileStore(files_folder(folder)))
    except (OSError, sqlite3.Error) as error:
        if is_damage(error):
            raise Damaged("The journal's database is damaged.") from None
        raise JournalError(
            "The journal cannot be read.", hint="Look into the daemon's log and at its disk."
        ) from error


def _snapshot(row: Row, tables: Tables, files: FileStore) -> Snapshot:
    if row.base is None:
        raise JournalError(
            "The session was not open yet when it was cut off.", hint="Open the picture again."
        )
    steps = tables.steps(row)
    base = files.read(StoredFile.parse(row.base))
    drag = _drag(row, tables) if row.state == DRAGGING else None
    return Snapshot(
        base=base,
        steps=steps,
        position=row.position,
        drag=drag,
        first=row.first,
        resume=tables.latest(row, RESUME) if row.resume else None,
        kept=row.kept,
        frames=row.frames,
        model=row.model,
    )


def _in_flight(row: Row, tables: Tables, files: FileStore) -> tuple[InFlight, int | None]:
    if row.state == ENDED:
        return read_words(tables.latest(row, WORDS)), row.re
    if row.state == DRAGGING:
        return _drag(row, tables), row.re
    if row.state == OPENING and row.opening is not None:
        return read_request(files.read(StoredFile.parse(row.opening)), Open), row.re
    return None, None


def _drag(row: Row, tables: Tables) -> Drag:
    return read_request(tables.latest(row, DRAG), Drag)
