"""Disks that are full, read-only or damaged: the daemon serves on, and says what it cannot keep."""

from __future__ import annotations

import os
import random
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from draggan_wire.client import Connected
from draggan_wire.messages import Envelope, Frame, Open, Opened, Ready, Seek

from .follower import Follower
from .house import House, status

Fault = Callable[[str], None]


def edited(house: House) -> Follower:
    """A session with a timeline, all of it kept and heard."""
    follower = Follower(house.visit(), seed=9)
    follower.drag()
    follower.visitor.watch(0.3)
    follower.finish()
    follower.visitor.watch(0.5)
    return follower


def journal_files(house: House) -> list[Path]:
    folder = house.folder / "journal"
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]


def test_a_full_disk_ends_no_drag(house: House, fault: Fault) -> None:
    fault("disk full under the journal")
    house.start()
    follower = Follower(house.visit(), seed=4)
    follower.drag()
    follower.goes_on()
    largest = max(path.stat().st_size for path in journal_files(house))
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(house.pid, resource.RLIMIT_FSIZE, (largest, unlimited))  # EFBIG from here on
    follower.visitor.watch(1.5)
    follower.goes_on()
    trouble = status(house.visit())["journal"]["trouble"]
    assert trouble and trouble.endswith(".")
    resource.prlimit(house.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    follower.finish()
    fault(trouble)


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied"])
def test_a_damaged_journal_is_moved_aside_or_goes_on(
    house: House, fault: Fault, damage: str
) -> None:
    fault(f"journal {damage} while the daemon was down")
    house.start()
    follower = edited(house)
    house.kill()
    for path in journal_files(house):
        spoil(path, damage, random.Random(5))
    house.start()
    connected = follower.visitor.wait(lambda event: isinstance(event, Connected))
    assert isinstance(connected, Connected)
    fresh = house.visit()
    opened = fresh.ask(Open("fast", seed=1), Opened)
    fresh.wait(lambda e: isinstance(e, Envelope) and isinstance(e.message, Ready))
    assert opened.session
    house.forgive("")
    notes = status(fresh)["journal"]["notes"]
    if not connected.welcome.resumed:
        assert notes or "damaged" in house.words(), "lost without a word"
    fault("resumed" if connected.welcome.resumed else "moved aside and said")


def spoil(path: Path, damage: str, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "emptied":
        data = bytearray()
    else:
        for _ in range(max(3, len(data) // 5000)):
            data[chance.randrange(len(data))] ^= 0xFF
    path.write_bytes(data)


def test_a_truncated_log_costs_the_last_steps_at_most(house: House, fault: Fault) -> None:
    fault("write-ahead log cut off in the middle")
    house.start()
    follower = edited(house)
    house.kill()
    logs = [path for path in journal_files(house) if path.name.endswith("-wal")]
    for path in logs:
        os.truncate(path, path.stat().st_size * 2 // 3)
    house.start()
    follower.visitor.wait(lambda event: isinstance(event, Connected))
    visitor = house.visit()
    assert visitor.ask(Open("fast", seed=1), Opened)
    fault(f"{len(logs)} logs")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_journal_folder_is_said_at_the_start(house: House, fault: Fault) -> None:
    fault("read-only journal folder")
    (house.folder / "journal").mkdir()
    (house.folder / "journal").chmod(stat.S_IRUSR | stat.S_IXUSR)
    house.start()
    assert house.daemon is not None and house.daemon.wait(10) != 0
    assert "journal" in house.words()


def test_a_second_daemon_on_the_same_journal_is_refused(house: House, fault: Fault) -> None:
    fault("two daemons on one journal")
    house.start()
    follower = edited(house)
    other = house.folder / "other" / "d.sock"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "draggan_daemon.bench.daemon"),
            *("--set", f"endpoint=ipc://{other}"),
            *("--set", f"journal.folder={house.folder / 'journal'}"),
        ],
        env=house.environment(),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode != 0 and "journal" in done.stderr
    frame = follower.visitor.ask(Seek(follower.visitor.session, 3), Frame)
    assert frame.step == 3


def test_the_journal_stays_within_its_bound(house: House, fault: Fault) -> None:
    fault("a journal that would grow without end")
    house.start(journal__max_bytes="64M", lease="0.1s")
    watcher = house.visit()
    for seed in range(6):
        visitor = house.visit()
        visitor.open("fast", seed)
        visitor.drag(credit=1, steps=500)
        visitor.watch(0.9)
        visitor.client.close()
    deadline, size = time.monotonic() + 12, 0
    while time.monotonic() < deadline:
        size = status(watcher)["journal"]["bytes"]
        if size < 112 << 20:
            break
        watcher.watch(0.3)
    assert size < 112 << 20
    fault(f"{size / 2**20:.0f} MB of 64 and a log")
