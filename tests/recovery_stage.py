"""Daemons that come after one another with one journal, and workers that are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from draggan_daemon.child import ChildWorker
from draggan_daemon.config import Config
from draggan_daemon.journal import Journal
from draggan_wire.messages import Opened, SessionKey

from .child_engine import Counts, command
from .door_stage import Client, House, eventually
from .fake_engine import MODEL


def kill_worker(house: House) -> None:
    """-9, in the middle of whatever it does."""
    eventually(lambda: house.worker.health()[0].state in ("idle", "busy"))
    (health,) = house.worker.health()
    assert health.pid is not None
    lost = house.door._counters.workers_lost
    os.kill(health.pid, signal.SIGKILL)
    eventually(lambda: house.door._counters.workers_lost == lost + 1)


class Town:
    """Daemons that come after one another, with one journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.house: House | None = None
        self.journal: Journal | None = None

    def daemon(
        self,
        *,
        config: Config | None = None,
        clock: Callable[[], float] = time.monotonic,
        **engine: Any,
    ) -> House:
        """The next one, whose engine counts what it does in `engine`."""
        self.end()
        self.journal = Journal(self.folder / "journal", max_bytes=1 << 30, keep=3600)
        counts = self.folder / f"counts-{time.monotonic_ns()}.json"
        self.engine = Counts(counts)
        words = command(counts, records=True, **engine)
        worker = ChildWorker(words, name="test", models=lambda: (MODEL,))
        self.house = House(
            self.folder / "d.sock", worker, config or Config(), journal=self.journal, clock=clock
        )
        return self.house

    def end(self) -> None:
        if self.house is not None and self.journal is not None:
            self.house.end()
            self.journal.close()
        self.house = self.journal = None


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.end()


def key(opened: Opened, client: Client | None = None) -> SessionKey:
    events = [e.event for e in client.heard if e.event] if client else []
    return SessionKey(opened.session, opened.token, max(events, default=0))
