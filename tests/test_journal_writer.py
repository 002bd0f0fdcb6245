"""Which commits outlive a power cut, when files go, and how the log is kept short."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal, writer
from draggan_daemon.journal.reader import read_snapshot
from draggan_daemon.journal.writer import Writer
from draggan_daemon.worker import Record

from tests.journal_child import MANY, base_of, drag_request, kept, open_request


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each commit, whether it was a FULL one."""
    seen: list[bool] = []
    transact = Writer._transact

    def watched(self, batch, durable):
        after = transact(self, batch, durable)
        pragma = self._disk.database.execute("PRAGMA synchronous").fetchone()
        assert pragma == ((2,) if durable else (1,))
        seen.append(durable)
        return after

    monkeypatch.setattr(Writer, "_transact", watched)
    return seen


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    yield journal
    journal.close()


def commit(journal: Journal, ticket: int) -> None:
    end = time.monotonic() + 10
    while journal.committed < ticket:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_took_long_or_was_seen_as_finished_outlives_a_power_cut(journal, durable):
    commit(journal, journal.opening(kept("anna"), open_request()))
    commit(journal, journal.record("anna", Record(base=b"base", step=0)))
    commit(journal, journal.dragging("anna", drag_request("anna"), 4, 0))
    commit(journal, journal.record("anna", Record(step=1, latent=b"one", resume=b"after")))
    commit(journal, journal.record("anna", Record(step=1, resume=b"")))
    assert durable == [True, True, False, False, True]


def test_while_steps_come_one_commit_in_so_many_seconds_is_durable(journal, durable, monkeypatch):
    monkeypatch.setattr(writer, "SYNC_EVERY", 0.2)
    commit(journal, journal.opening(kept("anna"), open_request()))
    began = time.monotonic()
    for step in range(1, 61):
        commit(journal, journal.record("anna", Record(step=step, latent=b"latent")))
        time.sleep(0.01)
    passed = time.monotonic() - began
    assert passed / 0.2 / 2 <= sum(durable[1:]) <= passed / 0.2 + 1


def test_what_was_written_last_is_on_the_disk_when_nothing_more_comes(journal, monkeypatch):
    monkeypatch.setattr(writer, "IDLE", 0.05)
    database = journal.folder / "journal.sqlite"
    commit(journal, journal.opening(kept("anna"), open_request()))
    for step in range(1, 20):
        commit(journal, journal.record("anna", Record(step=step, latent=b"latent %d" % step)))
    end = time.monotonic() + 10
    while b"latent 19" not in database.read_bytes():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_file_stays_until_nothing_on_the_disk_names_it(journal, monkeypatch):
    monkeypatch.setattr(writer, "IDLE", 1000.0)
    journal.opening(kept("anna"), open_request())
    commit(journal, journal.record("anna", Record(base=b"base", step=0)))
    files = journal.folder / "files"
    commit(journal, journal.remove("anna"))  # would be undone by a power cut
    assert len(list(files.iterdir())) == 2
    commit(journal, journal.opening(kept("ben"), open_request()))
    assert len(list(files.iterdir())) == 1


def test_many_writes_share_a_commit(journal):
    commit(journal, journal.opening(kept("anna"), open_request()))
    with journal._queue._changed:  # the writer finds all of them at once
        for step in range(1, 101):
            last = journal.record("anna", Record(step=step, latent=b"latent"))
    commit(journal, last)
    assert journal.cost().commits == 2 and journal.cost().writes == 101


def test_a_sessions_writes_keep_their_order_around_a_large_picture(journal, monkeypatch):
    write = journal._queue._files.write

    def slowly(kind, pieces):
        time.sleep(0.1)
        return write(kind, pieces)

    monkeypatch.setattr(journal._queue._files, "write", slowly)
    journal.opening(kept("anna"), open_request())
    journal.record("anna", Record(base=b"first", step=0))
    journal.record("anna", Record(step=1, latent=b"lost by the next base"))
    journal.record("anna", Record(base=base_of("anna", 1), step=1))
    journal.record("anna", Record(step=2, latent=b"two"))
    snapshot = journal.snapshot("anna")
    assert snapshot.base == base_of("anna", 1) and snapshot.steps == ((2, b"two"),)


def test_a_step_is_never_committed_without_its_own_optimiser(journal, monkeypatch):
    commit(journal, journal.opening(kept("anna"), open_request()))
    commit(journal, journal.record("anna", Record(base=b"base", step=0)))
    write = journal._queue._files.write

    def slowly(kind, pieces):
        time.sleep(0.3)
        return write(kind, pieces)

    monkeypatch.setattr(journal._queue._files, "write", slowly)
    journal.record("anna", Record(step=1, latent=b"one", resume=b"after one"))
    with journal._queue._changed:  # all of them wait at once
        step = journal.record("anna", Record(step=2, latent=b"two", resume=b"after two"))
        journal.record("anna", Record(base=b"anew", step=2))
        journal.record("anna", Record(step=3, latent=b"three", resume=b"after three"))
    while not journal.done(step):
        time.sleep(0.001)
    found = read_snapshot(journal.folder, "anna")  # as if it had been killed now
    assert (found.base, found.position, found.resume) == (b"base", 2, b"after two")
    assert journal.snapshot("anna").resume == b"after three"


def test_nothing_large_is_held_in_memory_once_it_is_written(journal):
    class Watched(bytes):
        gone = False

        def __del__(self) -> None:
            Watched.gone = True

    journal.opening(kept("anna"), open_request())
    commit(journal, journal.record("anna", Record(base=Watched(1 << 20), step=0)))
    end = time.monotonic() + 5
    while not Watched.gone:
        assert time.monotonic() < end
        time.sleep(0.01)
