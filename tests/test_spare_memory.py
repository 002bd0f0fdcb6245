"""Memory that work has left free goes back to the system, once, and when nobody works."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from draggan_daemon import housekeeping
from draggan_daemon.config import Config
from draggan_daemon.counters import Counters
from draggan_daemon.housekeeping import MUCH, Housekeeping
from draggan_daemon.sessions import Job, Sessions
from draggan_daemon.spare_memory import give_back, use_one_heap
from draggan_wire.messages import Save

HOLES, SIZE = 800, 100_000  # bytes, below what the C library maps one by one


def megabytes() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def can_give_back() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim")


@pytest.mark.skipif(not can_give_back(), reason="the C library here has no malloc_trim")
def test_the_holes_between_what_is_still_needed_go_back_to_the_system() -> None:
    pictures = [bytes([1]) * SIZE for _ in range(2 * HOLES)]
    needed = pictures[1::2]
    before = megabytes()
    del pictures
    kept = megabytes()
    assert give_back()
    assert megabytes() < kept - 0.8 * HOLES * SIZE / 2**20, (before, kept)
    assert all(picture[-1] == 1 for picture in needed)


IN_A_THREAD = """
import sys, threading
from draggan_daemon.spare_memory import give_back, use_one_heap
from tests.test_spare_memory import megabytes

def work():
    bytes([1]) * 20_000_000  # one large picture, and the C library hoards up to twice as much
    pictures = [bytes([1]) * 100_000 for _ in range(300)]
    del pictures
    done.set()
    over.wait()

use_one_heap()
done, over = threading.Event(), threading.Event()
before = megabytes()
threading.Thread(target=work).start()
done.wait()
give_back()
print(megabytes() - before)
over.set()
"""


@pytest.mark.skipif(not can_give_back(), reason="the C library here has no malloc_trim")
def test_what_a_thread_has_left_goes_back_too() -> None:
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-c", IN_A_THREAD]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 5


def test_a_c_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("draggan_daemon.spare_memory.ctypes.CDLL", lambda name: object())
    use_one_heap()
    assert not give_back()
    monkeypatch.setattr("draggan_daemon.spare_memory.sys.platform", "win32")
    monkeypatch.setattr("draggan_daemon.spare_memory.ctypes.CDLL", None)
    assert not give_back()


class Home:
    """A housekeeping with sessions that nothing has to be done for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counters, self.sessions, self.given = Counters(), Sessions(8), 0
        monkeypatch.setattr(housekeeping, "give_back", self._give)
        nothing: Any = None
        self.keeping = Housekeeping(
            nothing,
            self.sessions,
            None,
            nothing,
            self.counters,
            drop=lambda session, why: None,
            clock=time.monotonic,
        )

    def _give(self) -> None:
        self.given += 1

    def tidy(self) -> int:
        """How often memory has been given back so far."""
        self.keeping.tidy(Config())
        return self.given


def test_it_is_given_back_once_after_each_spell_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(monkeypatch)
    assert home.tidy() == home.tidy() == 0, "there was no work yet"
    home.counters.step(0.1)
    assert home.tidy() == 0, "more may come"
    assert home.tidy() == home.tidy() == 1
    home.counters.bytes_in += 10
    assert home.tidy() == home.tidy() == 1, "a ping is no work"
    home.counters.bytes_out += MUCH
    assert home.tidy() == 1 and home.tidy() == 2


def test_it_is_not_while_a_session_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(monkeypatch)
    session = home.sessions.create("anna", ("local", b"1"), "tiny", (8, 8), allowed=0)
    session.used = time.monotonic()
    session.job = Job(Save(session.id), 1)
    home.counters.step(0.1)
    assert home.tidy() == home.tidy() == 0
    session.job = None
    assert home.tidy() == 1, "an artist who only looks needs no more than that"
