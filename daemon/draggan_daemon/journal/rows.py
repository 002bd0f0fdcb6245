"""The journal's tables as values: a session's row, its steps, and the latest of what changes.

Imports the wire and sqlite3 only. Everything is read together with its digest.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

from .files import Bytes, StoredFile
from .values import Damaged, Kept

OPENING, IDLE, DRAGGING, ENDED = "opening", "idle", "dragging", "ended"
DRAG, RESUME, WORDS = "drag", "resume", "words"  # kinds of what only the latest is kept of


@dataclass(frozen=True)
class Row:
    """A session. `steps` counts the kept steps since the base, `last` is the latest of them.

    `base` and `opening` are files, as `StoredFile.text()`; `resume` is 1 where an optimiser's
    state is kept, be it an empty one.
    """

    number: int
    session: str
    token: str
    principal: str
    model: str
    created: float
    width: int
    height: int
    state: str
    detached: float | None
    re: int | None = None
    first: int = 0
    kept: int = 0
    frames: int = 0
    position: int = 0
    last: int = 0
    steps: int = 0
    resume: int = 0
    base: str | None = None
    opening: str | None = None

    @classmethod
    def of(cls, kept: Kept, number: int, re: int | None, opening: StoredFile) -> Row:
        return cls(
            number,
            kept.session,
            kept.token,
            kept.principal,
            kept.model,
            float(kept.created),
            kept.width,
            kept.height,
            OPENING,
            None if kept.detached is None else float(kept.detached),
            re=re,
            opening=opening.text(),
        )

    def files(self) -> list[StoredFile]:
        return [StoredFile.parse(text) for text in (self.base, self.opening) if text]

    def told(self) -> Kept:
        return Kept(
            self.session,
            self.token,
            self.principal,
            self.model,
            self.created,
            self.state,
            self.detached,
            self.width,
            self.height,
        )

    def digest(self) -> bytes:
        return hashlib.blake2b(json.dumps(astuple(self)).encode(), digest_size=16).digest()


_COLUMNS = ", ".join(field.name for field in fields(Row))
_PLACES = ", ".join("?" for _ in fields(Row))


class Tables:
    """Reads and writes rows over one connection; transactions are the caller's."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._last_number: int | None = None

    def rows(self) -> Iterator[Row | str]:
        """Every session; one that is damaged by its name alone, as far as it can be read."""
        for *values, digest in self._database.execute(f"SELECT {_COLUMNS}, digest FROM sessions"):
            row = Row(*values)
            yield row if _whole(row, digest) else str(row.session)

    def row(self, session: str) -> Row | None:
        """Raises Damaged."""
        query = f"SELECT {_COLUMNS}, digest FROM sessions WHERE session = ?"
        found = self._database.execute(query, (session,)).fetchone()
        if found is None:
            return None
        row = Row(*found[:-1])
        if not _whole(row, found[-1]):
            raise Damaged(f"What was kept of session {session} is damaged.")
        return row

    def put(self, row: Row) -> None:
        self._database.execute(
            f"INSERT OR REPLACE INTO sessions ({_COLUMNS}, digest) VALUES ({_PLACES}, ?)",
            (*astuple(row), row.digest()),
        )

    def drop(self, number: int) -> None:
        """Everything of a session but its files."""
        for table in ("steps", "latest", "sessions"):
            self._database.execute(f"DELETE FROM {table} WHERE number = ?", (number,))

    def drop_named(self, session: str) -> None:
        """The same for a session whose row cannot be trusted."""
        query = "SELECT number FROM sessions WHERE session = ?"
        for (number,) in self._database.execute(query, (session,)).fetchall():
            self.drop(number)

    def new_number(self) -> int:
        """One that nothing was kept under since this was made."""
        if self._last_number is None:
            queries = (f"SELECT max(number) FROM {t}" for t in ("sessions", "steps", "latest"))
            found = [self._database.execute(query).fetchone()[0] for query in queries]
            self._last_number = max((number for number in found if number), default=0)
        self._last_number += 1
        return self._last_number

    def weight(self, row: Row) -> int:
        """Bytes that a session takes, nearly."""
        query = "SELECT total(length(data)) FROM steps WHERE number = ?"
        (steps,) = self._database.execute(query, (row.number,)).fetchone()
        return int(steps) + sum(file.size for file in row.files())

    # Steps.

    def add_step(self, number: int, step: int, latent: Bytes) -> None:
        self._database.execute(
            "INSERT INTO steps VALUES (?, ?, ?, ?)",
            (number, step, latent, _digest(number, step, latent)),
        )

    def cut_steps(self, number: int, step: int) -> int:
        """Drop `step` and all later ones; how many there were."""
        query = "DELETE FROM steps WHERE number = ? AND step >= ?"
        return self._database.execute(query, (number, step)).rowcount

    def clear_steps(self, number: int) -> None:
        self._database.execute("DELETE FROM steps WHERE number = ?", (number,))

    def steps(self, row: Row) -> tuple[tuple[int, bytes], ...]:
        """Raises Damaged unless each step is there as it was written."""
        query = "SELECT step, data, digest FROM steps WHERE number = ? ORDER BY step"
        steps = []
        for step, data, digest in self._database.execute(query, (row.number,)):
            if _digest(row.number, step, data) != digest:
                raise Damaged(f"Step {step} of session {row.session} is damaged.")
            steps.append((step, data))
        if len(steps) != row.steps:
            raise Damaged(f"Steps of session {row.session} are missing.")
        return tuple(steps)

    # What only the latest is kept of.

    def set_latest(self, number: int, kind: str, data: Bytes) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?)",
            (number, kind, data, _digest(number, kind, data)),
        )

    def clear_latest(self, number: int) -> None:
        self._database.execute("DELETE FROM latest WHERE number = ?", (number,))

    def latest(self, row: Row, kind: str) -> bytes:
        """Raises Damaged where it is not there as it was written."""
        query = "SELECT data, digest FROM latest WHERE number = ? AND kind = ?"
        found = self._database.execute(query, (row.number, kind)).fetchone()
        if found is None or _digest(row.number, kind, found[0]) != found[1]:
            raise Damaged(f"The {kind} that session {row.session} was at is damaged.")
        return bytes(found[0])


def _whole(row: Row, digest: object) -> bool:
    try:
        return row.digest() == digest
    except (TypeError, ValueError):  # a flipped bit can make any type of any column
        return False


def _digest(number: int, place: int | str, data: Bytes) -> bytes:
    digest = hashlib.blake2b(f"{number}/{place}/".encode(), digest_size=16)
    digest.update(data)
    return digest.digest()
