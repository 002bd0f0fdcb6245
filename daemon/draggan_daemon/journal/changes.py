"""The kinds of writes to the journal, and what each does to a session; imports the wire only.

A durable change outlives a power cut from its ticket on; the others outlive the process, and a
power cut two seconds later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..worker import Record
from .files import Bytes, StoredFile
from .requests import framed, size_of
from .rows import DRAG, DRAGGING, ENDED, IDLE, RESUME, WORDS, Row, Tables
from .values import Kept

_OVERHEAD = 512  # bytes of memory and disk that the smallest change takes


@dataclass(frozen=True)
class Change(ABC):
    """`pieces` become a file before the change is applied; `aside`: a session's files that are
    no longer needed are put aside instead of removed."""

    session: str

    @property
    def durable(self) -> bool:
        return False

    @property
    def aside(self) -> bool:
        return False

    @property
    def size(self) -> int:
        return _OVERHEAD

    def pieces(self) -> tuple[str, Sequence[Bytes]] | None:
        """A file's kind and its content, or None."""
        return None

    def apply(self, row: Row | None, tables: Tables, stored: StoredFile | None) -> Row | None:
        """The session's row after the change; None: it is not kept (any more)."""
        return None if row is None else self.changed(row, tables, stored)

    @abstractmethod
    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        """The same for a session that is kept."""


@dataclass(frozen=True)
class Opened(Change):
    kept: Kept
    re: int | None
    request: Sequence[Bytes]

    @property
    def durable(self) -> bool:
        return True

    @property
    def size(self) -> int:
        return _OVERHEAD + size_of(self.request)

    def pieces(self) -> tuple[str, Sequence[Bytes]] | None:
        return "opening", framed(self.request)

    def apply(self, row: Row | None, tables: Tables, stored: StoredFile | None) -> Row | None:
        return self._row(tables, stored) if row is None else self.changed(row, tables, stored)

    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        tables.drop(row.number)
        return self._row(tables, stored)

    def _row(self, tables: Tables, stored: StoredFile | None) -> Row:
        assert stored is not None
        return Row.of(self.kept, tables.new_number(), self.re, stored)


@dataclass(frozen=True)
class Recorded(Change):
    record: Record

    @property
    def durable(self) -> bool:
        """What took long to compute, and what a user sees as finished."""
        return self.record.base is not None or self.record.resume == b""

    @property
    def size(self) -> int:
        parts = (self.record.base, self.record.latent, self.record.resume)
        return _OVERHEAD + sum(len(part) for part in parts if part is not None)

    def pieces(self) -> tuple[str, Sequence[Bytes]] | None:
        return None if self.record.base is None else ("base", [self.record.base])

    def superseded(self) -> Recorded:
        """The same where a later record of the session brings the optimiser's state, too."""
        return Recorded(self.session, replace(self.record, resume=None))

    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        record = self.record
        row = replace(row, frames=max(row.frames, record.frames))
        if stored is not None:
            tables.clear_steps(row.number)
            row = replace(row, base=stored.text(), position=0, steps=0, last=0)
        if record.step is not None:
            row = replace(row, position=record.step)
            if record.latent is not None:
                row = _with_step(row, tables, record.step, record.latent)
        if record.resume is not None:
            tables.set_latest(row.number, RESUME, record.resume)
            row = replace(row, resume=1)
        return row


@dataclass(frozen=True)
class Dragging(Change):
    request: Sequence[Bytes]
    re: int | None
    first: int

    @property
    def size(self) -> int:
        return _OVERHEAD + size_of(self.request)

    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        tables.clear_latest(row.number)
        tables.set_latest(row.number, DRAG, b"".join(framed(self.request)))
        return replace(row, state=DRAGGING, re=self.re, first=self.first, kept=self.first, resume=0)


@dataclass(frozen=True)
class Ended(Change):
    words: Sequence[Bytes]
    re: int | None

    @property
    def durable(self) -> bool:
        return True

    @property
    def size(self) -> int:
        return _OVERHEAD + size_of(self.words)

    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        tables.clear_latest(row.number)
        tables.set_latest(row.number, WORDS, b"".join(framed(self.words)))
        return replace(row, state=ENDED, re=self.re, opening=None, resume=0)


@dataclass(frozen=True)
class Delivered(Change):
    kept: int | None
    finished: bool

    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        if self.kept is not None:
            row = replace(row, kept=max(row.kept, self.kept))
        if self.finished:
            tables.clear_latest(row.number)
            row = replace(row, state=IDLE, re=None, opening=None, resume=0)
        return row


@dataclass(frozen=True)
class Parked(Change):
    detached: float | None

    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        return replace(row, detached=_float(self.detached))


@dataclass(frozen=True)
class Removed(Change):
    def changed(self, row: Row, tables: Tables, stored: StoredFile | None) -> Row | None:
        tables.drop(row.number)
        return None


@dataclass(frozen=True)
class Broken(Removed):
    """What was kept turned out to be damaged."""

    @property
    def aside(self) -> bool:
        return True

    def apply(self, row: Row | None, tables: Tables, stored: StoredFile | None) -> Row | None:
        tables.drop_named(self.session)
        return super().apply(row, tables, stored)


def _float(value: float | None) -> float | None:
    """As the database gives it back: a whole number would have another digest."""
    return None if value is None else float(value)


def _with_step(row: Row, tables: Tables, step: int, latent: Bytes) -> Row:
    dropped = tables.cut_steps(row.number, step) if row.steps and step <= row.last else 0
    tables.add_step(row.number, step, latent)
    return replace(row, steps=row.steps - dropped + 1, last=step)
