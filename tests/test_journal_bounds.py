"""The journal stays within its size, and lets go of sessions that nobody comes back to."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal, JournalError, bounds, writer
from draggan_daemon.worker import Record

from tests.journal_child import kept, open_request

MB = 1 << 20


def opened(journal: Journal, session: str, *, size: int, detached: float | None) -> None:
    journal.opening(kept(session), open_request())
    journal.record(session, Record(base=bytes(size), step=0))
    journal.delivered(session, finished=True)
    journal.parked(session, detached)
    is_kept(journal, session)  # waits until all is written


def dropped(journal: Journal) -> list[str]:
    """The first that are told to be dropped."""
    end = time.monotonic() + 10
    while not (names := journal.dropped()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return names


def is_kept(journal: Journal, session: str) -> bool:
    try:
        journal.snapshot(session)
    except JournalError:
        return False
    return True


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_beyond_its_size_the_session_goes_whose_client_left_first(tmp_path):
    journal = Journal(tmp_path / "journal", max_bytes=5 * MB, keep=3600)
    opened(journal, "here", size=MB, detached=None)
    for session in ("first", "second", "third"):
        opened(journal, session, size=MB, detached=time.time())
    assert is_kept(journal, "first")
    opened(journal, "more", size=MB, detached=None)
    assert dropped(journal) == ["first"]
    kept_now = [each for each in ("here", "first", "second", "third") if is_kept(journal, each)]
    assert kept_now == ["here", "second", "third"]
    journal.close()
    assert on_disk(tmp_path / "journal") <= 5 * MB


def test_where_all_have_their_clients_the_largest_goes(tmp_path):
    journal = Journal(tmp_path / "journal", max_bytes=5 * MB, keep=3600)
    for session, size in (("small", MB), ("large", 3 * MB), ("more", MB)):
        opened(journal, session, size=size, detached=None)
    assert dropped(journal) == ["large"]
    assert is_kept(journal, "small") and is_kept(journal, "more")
    journal.close()


def test_a_session_that_is_too_large_by_itself_costs_no_others(tmp_path):
    journal = Journal(tmp_path / "journal", max_bytes=4 * MB, keep=3600)
    opened(journal, "away", size=MB, detached=time.time())
    opened(journal, "huge", size=5 * MB, detached=None)
    assert dropped(journal) == ["huge"] and is_kept(journal, "away")
    journal.close()


def test_many_steps_count_too(tmp_path):
    journal = Journal(tmp_path / "journal", max_bytes=4 * MB, keep=3600)
    opened(journal, "away", size=MB, detached=time.time())
    opened(journal, "here", size=MB, detached=None)
    for step in range(1, 300):
        journal.record("here", Record(step=step, latent=bytes(10_000), resume=bytes(50_000)))
    assert is_kept(journal, "here")
    assert dropped(journal) == ["away"]
    journal.close()


def test_freed_room_is_given_back_to_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "IDLE", 0.05)
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=3600)
    opened(journal, "anna", size=MB, detached=None)
    for step in range(1, 3000):
        journal.record("anna", Record(step=step, latent=bytes(12_000)))
    journal.snapshot("anna")
    journal.remove("anna")
    database, end = tmp_path / "journal" / "journal.sqlite", time.monotonic() + 10
    while database.stat().st_size > 20 * MB or database.stat().st_size == 4096:
        assert time.monotonic() < end
        time.sleep(0.05)
    journal.close()


def test_a_session_is_kept_for_so_long_after_its_client_has_left(tmp_path):
    for days, there in ((0.9, True), (1.1, False)):
        folder = tmp_path / str(days)
        journal = Journal(folder, max_bytes=1 << 30, keep=86400)
        opened(journal, "anna", size=100, detached=time.time() - 86400 * days)
        journal.close()
        journal = Journal(folder, max_bytes=1 << 30, keep=86400)
        assert [each.session for each in journal.sessions()] == ["anna"] * there
        assert is_kept(journal, "anna") == there
        journal.close()


def test_it_is_let_go_while_the_daemon_runs_and_that_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SWEEP_EVERY", 0.05)
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=0.2)
    opened(journal, "away", size=100, detached=time.time())
    opened(journal, "here", size=100, detached=None)
    assert dropped(journal) == ["away"] and is_kept(journal, "here")
    journal.close()


def test_who_comes_back_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SWEEP_EVERY", 0.05)
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=0.3)
    opened(journal, "anna", size=100, detached=time.time())
    journal.parked("anna", None)
    time.sleep(0.6)
    assert is_kept(journal, "anna")
    journal.close()


@pytest.mark.parametrize("jump", [-86400 * 400, 86400 * 400], ids=["back", "ahead"])
def test_a_wall_clock_that_jumps_while_the_daemon_runs_costs_nobody_a_session(
    tmp_path, monkeypatch, jump
):
    monkeypatch.setattr(writer, "SWEEP_EVERY", 0.02)
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=3600)
    opened(journal, "anna", size=100, detached=time.time())
    now = time.time()
    monkeypatch.setattr(bounds.time, "time", lambda: now + jump)
    opened(journal, "ben", size=100, detached=time.time())
    time.sleep(0.1)
    assert is_kept(journal, "anna") and is_kept(journal, "ben")
    journal.close()


def test_who_left_in_the_future_has_left_just_now(tmp_path):
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=3600)
    opened(journal, "anna", size=100, detached=time.time() + 86400 * 400)
    journal.close()
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=3600)
    (anna,) = journal.sessions()
    assert anna.detached is not None and anna.detached <= time.time()
    journal.close()


def test_the_log_gives_its_room_back_when_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "IDLE", 0.05)
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30, keep=3600)
    opened(journal, "anna", size=100, detached=None)
    for step in range(1, 200):
        journal.record("anna", Record(step=step, latent=bytes(20_000)))
    (log,) = (tmp_path / "journal").glob("*-wal")
    deadline = time.monotonic() + 5
    while log.stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert is_kept(journal, "anna")
    journal.close()
