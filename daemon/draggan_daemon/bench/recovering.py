"""How long a drag stands still when a process is killed, and what the journal costs."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from draggan_wire.client import Client
from draggan_wire.messages import Image, Open, encode

from ..journal import Journal, Kept
from ..journal.values import JournalCost
from ..worker import Record
from .measure import Visitor
from .painting import LATENT_BYTES, RESUME_BYTES
from .stand import Stand

STEPS = 400
PAUSE = 0.01  # seconds between steps of the journal's test
LONGEST = 30.0


@dataclass(frozen=True)
class JournalFigures:
    """`submitted` and `kept`: ms in which a step's record was handed over, and was on disk."""

    submitted: tuple[float, ...]
    kept: tuple[float, ...]
    cost: JournalCost
    bytes_per_step: float


def recovery_times(stand: Stand, way_client: Client, *, whom: str, count: int) -> list[float]:
    """Seconds from kill -9 of the "worker" or the "daemon" to the next later step's picture."""
    visitor = Visitor(way_client)
    visitor.meet()
    found = []
    for index in range(count):
        visitor.open("fast", seed=100 + index)
        visitor.drag(credit=visitor.client.credit)
        visitor.watch(1.0 + 0.13 * index)
        begin = time.perf_counter()
        if whom == "worker":
            for pid in _children(stand.pid):
                os.kill(pid, signal.SIGKILL)
        else:
            stand.kill()
        visitor.watch(0.05)  # what had been sent before
        seen = visitor.newest
        if whom == "daemon":
            stand.start()
        while visitor.newest <= seen and time.perf_counter() - begin < LONGEST:
            visitor.watch(0.01)
        found.append(time.perf_counter() - begin)
        visitor.end_session()
    visitor.client.close()
    return found


def journal_figures() -> JournalFigures:
    """Of steps as large as those of a model with 14 rows of 512 numbers."""
    with tempfile.TemporaryDirectory(prefix="dgb") as folder:
        journal = Journal(Path(folder), max_bytes=1 << 30, keep=3600.0)
        now = time.time()
        kept = Kept("bench", "0" * 32, "uid:0", "fast", now, "opening", None, 512, 512)
        picture = Image("rgb8", 512, 512, bytes(3 * 512 * 512))
        journal.opening(kept, encode(Open("fast", image=picture))[1:])
        journal.record("bench", Record(base=secrets.token_bytes(1 << 20), step=0))
        _wait(journal, journal.record("bench", Record(frames=1)))
        before = journal.cost()
        submitted, waits = [], []
        for step in range(1, STEPS + 1):
            record = Record(
                step=step,
                latent=secrets.token_bytes(LATENT_BYTES),
                resume=secrets.token_bytes(RESUME_BYTES),
            )
            begin = time.perf_counter()
            ticket = journal.record("bench", record)
            submitted.append(1000 * (time.perf_counter() - begin))
            _wait(journal, ticket)
            waits.append(1000 * (time.perf_counter() - begin))
            time.sleep(PAUSE)
        cost = journal.cost()
        journal.close()
    grown = (cost.bytes - before.bytes) / STEPS
    return JournalFigures(tuple(submitted), tuple(waits), cost, grown)


def _wait(journal: Journal, ticket: int) -> None:
    deadline = time.monotonic() + LONGEST
    while journal.committed < ticket and time.monotonic() < deadline:
        time.sleep(0.0001)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (thread / "children").read_text().split()]
    return found
