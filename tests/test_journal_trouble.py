"""A disk that is full, gone or slow: the daemon serves on, says so, and keeps again afterwards."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal, JournalError, write_queue, writer
from draggan_daemon.worker import Record

from tests.journal_child import MANY, base_of, kept, open_request

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_AFTER", 0.2)


def opened(journal: Journal, session: str = "anna") -> int:
    journal.opening(kept(session), open_request())
    return journal.record(session, Record(base=base_of(session, 0), step=0))


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


# In a process of its own: the limit on the size of files is a process's.
FULL = """
import resource, sys, time
from pathlib import Path
from draggan_daemon.journal import writer
from draggan_daemon.journal import Journal, JournalError
from draggan_daemon.worker import Record
from tests.journal_child import *

def limit(size):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

def until(true):
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)

writer.RETRY_AFTER = 0.2
folder = Path(sys.argv[1])
journal = Journal(folder, max_bytes=MANY, keep=3600)
journal.opening(kept("anna"), open_request())
last = journal.record("anna", Record(base=base_of("anna", 0), step=0))
until(lambda: journal.committed >= last)
limit(65536)
for step in range(1, 41):
    last = journal.record("anna", Record(step=step, latent=latent_of("anna", step)))
until(lambda: journal.trouble)
assert journal.committed == last, "tickets count as committed"
assert journal.trouble.startswith("The journal"), journal.trouble
last = journal.record("anna", Record(step=41, latent=latent_of("anna", 41)))
assert journal.committed == last
before = time.perf_counter()
try:
    journal.snapshot("anna")
except JournalError as error:
    assert str(error) == journal.trouble
else:
    raise AssertionError("a snapshot without the steps that wait")
assert time.perf_counter() - before < 1
print(journal.trouble)
limit(resource.RLIM_INFINITY)
until(lambda: journal.trouble is None)
snapshot = journal.snapshot("anna")
assert snapshot.steps == tuple((step, latent_of("anna", step)) for step in range(1, 42))
journal.close()
journal = Journal(folder, max_bytes=MANY, keep=3600)
assert journal.snapshot("anna") == snapshot and journal.notes == ()
journal.close()
"""


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room_again(tmp_path):
    command = [sys.executable, "-c", FULL, str(tmp_path / "journal")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "do not outlive a crash" in done.stdout


def refuse_files(monkeypatch: pytest.MonkeyPatch, journal: Journal, error: OSError) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(journal._queue._files, "write", fail)


def test_a_picture_that_cannot_be_written_is_trouble_but_other_sessions_are_kept(
    tmp_path, monkeypatch
):
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    last = opened(journal)
    until(lambda: journal.done(last))
    with monkeypatch.context() as patch:
        refuse_files(patch, journal, OSError(28, "No space left on device"))
        large = opened(journal, "ben")
        until(lambda: journal.trouble)
        assert "disk with the journal is full" in str(journal.trouble)
        assert journal.done(large)
        journal.record("anna", Record(step=1, latent=b"one"))
        until(lambda: journal.snapshot("anna").position == 1)
        with pytest.raises(JournalError, match="full"):
            journal.snapshot("ben")
    until(lambda: journal.trouble is None)
    assert journal.snapshot("ben").base == base_of("ben", 0)
    journal.close()


def test_what_waits_for_the_disk_is_bounded_and_the_largest_session_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(write_queue, "MAX_BACKLOG", 1 << 20)
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    with monkeypatch.context() as patch:
        refuse_files(patch, journal, OSError(28, "No space left on device"))
        opened(journal, "anna")
        opened(journal, "ben")
        until(lambda: journal.trouble)
        for step in range(1, 500):
            journal.record("anna", Record(step=step, latent=bytes(10_000)))
            assert journal._queue._bytes <= 1 << 20
    assert journal.dropped() == ["anna"]
    until(lambda: journal.trouble is None)
    assert journal.snapshot("ben").base == base_of("ben", 0)
    with pytest.raises(JournalError, match="not keep"):
        journal.snapshot("anna")
    journal.close()


def test_a_folder_that_is_gone_is_made_again(tmp_path):
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    last = opened(journal)
    until(lambda: journal.committed >= last)
    shutil.rmtree(tmp_path / "journal")
    last = opened(journal, "ben")
    until(lambda: journal.committed >= last)
    assert journal.snapshot("ben").base == base_of("ben", 0)
    assert journal.dropped() == ["anna"]
    assert journal.trouble is None
    journal.close()
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    assert [each.session for each in journal.sessions()] == ["ben"]
    journal.close()


def test_a_folder_that_cannot_be_made_again_is_trouble_until_it_can(tmp_path):
    (tmp_path / "disk").mkdir()
    journal = Journal(tmp_path / "disk" / "journal", max_bytes=MANY, keep=3600)
    shutil.rmtree(tmp_path / "disk")
    (tmp_path / "disk").write_text("not mounted")
    last = opened(journal)
    until(lambda: journal.trouble)
    assert journal.committed >= last
    (tmp_path / "disk").unlink()
    until(lambda: journal.trouble is None)
    assert journal.snapshot("anna").base == base_of("anna", 0)
    journal.close()


def test_a_disk_that_hangs_is_trouble_and_ends_when_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(write_queue, "STALLED", 0.1)
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    write = journal._queue._files.write

    def hang(kind, pieces):
        time.sleep(0.5)
        return write(kind, pieces)

    with monkeypatch.context() as patch:
        patch.setattr(journal._queue._files, "write", hang)
        last = journal.opening(kept("anna"), open_request())
        assert journal.trouble is None and journal.committed < last
        until(lambda: journal.trouble)
        assert journal.trouble == write_queue.HANGS and journal.committed == last
    until(lambda: journal.trouble is None)
    assert journal.request("anna")[1] == 3
    journal.close()


def test_closing_in_trouble_does_not_wait_for_a_better_day(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    refuse_files(monkeypatch, journal, OSError(30, "Read-only file system"))
    opened(journal)
    until(lambda: journal.trouble)
    assert "cannot be written" in str(journal.trouble)
    began = time.monotonic()
    journal.close()
    assert time.monotonic() - began < 2
