"""What the journal is told and tells about sessions; imports the wire only."""

from __future__ import annotations

from dataclasses import dataclass

from draggan_wire.errors import WireError


class JournalError(WireError):
    """The journal cannot be used, or does not have what was asked for."""

    code = "journal"


class Damaged(JournalError):
    """What was kept is not what had been written."""


@dataclass(frozen=True)
class Kept:
    """A session as the journal knows it. Times are unix times in seconds.

    `state` is "opening" or "dragging" until that has ended, then "ended" until its last words were
    delivered, else "idle". `detached` is when the client left; None while it is there.
    """

    session: str
    token: str
    principal: str
    model: str
    created: float
    state: str
    detached: float | None
    width: int
    height: int


@dataclass(frozen=True)
class JournalCost:
    """How much was written (in this run), how long the latest commits took, and the disk's share.

    `bytes` are those of the database, its log and all files, as they lie on the disk.
    """

    writes: int
    commits: int
    p50_ms: float
    p95_ms: float
    bytes: int
