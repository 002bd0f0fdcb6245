"""What the journal is told it gives back, to the same daemon and to the next one."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal, JournalError
from draggan_daemon.worker import Record
from draggan_wire.messages import Done, Open, encode

from tests.journal_child import MANY, base_of, drag, drag_request, kept, latent_of, open_request


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Journal]]:
    """Begins the journal in the one folder, after closing the one before."""
    begun: list[Journal] = []

    def begin() -> Journal:
        while begun:
            begun.pop().close()
        begun.append(Journal(tmp_path / "journal", max_bytes=MANY, keep=3600))
        return begun[-1]

    yield begin
    while begun:
        begun.pop().close()


def opened(journal: Journal, session: str = "anna") -> None:
    journal.opening(kept(session), open_request())
    journal.record(session, Record(base=base_of(session, 0), step=0, frames=1))
    journal.delivered(session, finished=True)


def wait_for(journal: Journal, ticket: int) -> None:
    end = time.monotonic() + 10
    while journal.committed < ticket:
        assert time.monotonic() < end
        select.select([journal.fileno()], [], [], 0.1)
        journal.heard()


def test_the_next_daemon_finds_the_session_with_its_picture_and_steps(begin):
    journal = begin()
    opened(journal)
    for step in (1, 2, 3):
        journal.record("anna", Record(step=step, latent=latent_of("anna", step), frames=step + 1))
    journal = begin()
    (found,) = journal.sessions()
    assert found == kept("anna", state="idle", detached=found.detached)
    assert found.detached is not None and abs(found.detached - time.time()) < 60
    snapshot = journal.snapshot("anna")
    assert snapshot.base == base_of("anna", 0)
    assert snapshot.steps == tuple((step, latent_of("anna", step)) for step in (1, 2, 3))
    assert (snapshot.position, snapshot.frames, snapshot.model) == (3, 4, "tiny")
    assert (snapshot.drag, snapshot.resume) == (None, None)
    assert journal.request("anna") == (None, None)


def test_each_write_has_a_ticket_that_is_committed_soon(begin):
    journal = begin()
    tickets = [journal.opening(kept("anna"), open_request())]
    tickets += [journal.parked("anna", None), journal.remove("anna")]
    assert tickets == [1, 2, 3]
    wait_for(journal, 3)
    assert journal.done(3)


def test_the_descriptor_is_quiet_until_something_is_committed(begin):
    journal = begin()
    assert not select.select([journal.fileno()], [], [], 0.05)[0]
    journal.opening(kept("anna"), open_request())
    assert select.select([journal.fileno()], [], [], 5)[0]


def test_a_snapshot_has_everything_that_was_written_before_it(begin):
    journal = begin()
    opened(journal)
    for step in range(1, 200):
        journal.record("anna", Record(step=step, latent=latent_of("anna", step)))
    assert journal.snapshot("anna").position == 199


def test_an_opening_that_was_cut_off_is_begun_again_from_its_request(begin):
    begin().opening(kept("anna"), open_request(7))
    journal = begin()
    assert [each.state for each in journal.sessions()] == ["opening"]
    request, re = journal.request("anna")
    assert isinstance(request, Open) and request.image is not None and re == 7
    assert bytes(request.image.data) == bytes(i % 251 for i in range(8 * 8 * 3))
    with pytest.raises(JournalError, match="not open yet"):
        journal.snapshot("anna")


def test_an_opening_is_in_flight_until_its_last_word_was_delivered(begin):
    journal = begin()
    journal.opening(kept("anna"), open_request())
    journal.record("anna", Record(base=b"base", step=0))
    assert journal.snapshot("anna").base == b"base"
    assert isinstance(journal.request("anna")[0], Open)
    journal.delivered("anna", finished=True)
    assert journal.request("anna") == (None, None)


def test_a_drag_that_was_cut_off_comes_back_with_its_request_and_optimiser(begin):
    journal = begin()
    opened(journal)
    journal.record("anna", Record(step=1, latent=b"one"))
    journal.dragging("anna", drag_request("anna"), 9, 1)
    journal.record("anna", Record(step=2, latent=b"two", resume=b"after two"))
    journal.record("anna", Record(step=3, latent=b"three", resume=b"after three"))
    journal.delivered("anna", kept=2)
    journal = begin()
    assert journal.request("anna") == (drag("anna"), 9)
    snapshot = journal.snapshot("anna")
    assert snapshot.drag == drag("anna")
    assert (snapshot.first, snapshot.kept, snapshot.position) == (1, 2, 3)
    assert snapshot.resume == b"after three"


def test_a_drag_without_a_step_is_told_from_one_that_has_ended(begin):
    journal = begin()
    opened(journal)
    journal.dragging("anna", drag_request("anna"), 9, 0)
    assert journal.snapshot("anna").resume is None
    journal.record("anna", Record(step=1, latent=b"one", resume=b"after one"))
    journal.record("anna", Record(step=1, resume=b""))
    assert journal.snapshot("anna").resume == b""
    assert journal.snapshot("anna").drag is not None
    journal.delivered("anna", finished=True)
    assert journal.snapshot("anna").drag is None


def test_last_words_are_kept_until_they_were_delivered(begin):
    journal = begin()
    opened(journal)
    journal.dragging("anna", drag_request("anna"), 9, 0)
    journal.record("anna", Record(step=1, latent=b"one", resume=b"after one"))
    done = Done(session="anna", reason="reached", steps=1, ms_per_step=2.5, handles=())
    journal.ended("anna", encode(done)[1:], 9)
    journal = begin()
    assert [each.state for each in journal.sessions()] == ["ended"]
    assert journal.request("anna") == (done, 9)
    assert journal.snapshot("anna").drag is None and journal.snapshot("anna").position == 1
    journal.delivered("anna", finished=True)
    assert journal.request("anna") == (None, None)


def test_a_new_drag_knows_nothing_of_the_one_before(begin):
    journal = begin()
    opened(journal)
    journal.dragging("anna", drag_request("anna"), 9, 0)
    journal.record("anna", Record(step=1, latent=b"one", resume=b"after one"))
    journal.delivered("anna", kept=1)
    journal.dragging("anna", drag_request("anna"), 10, 0)
    snapshot = journal.snapshot("anna")
    assert (snapshot.resume, snapshot.kept) == (None, 0)


def test_a_step_drops_what_came_later_and_a_seek_does_not(begin):
    journal = begin()
    opened(journal)
    for step in (1, 2, 3):
        journal.record("anna", Record(step=step, latent=b"first %d" % step))
    journal.record("anna", Record(step=1))
    assert [step for step, _ in journal.snapshot("anna").steps] == [1, 2, 3]
    assert journal.snapshot("anna").position == 1
    journal.record("anna", Record(step=2, latent=b"second 2"))
    assert journal.snapshot("anna").steps == ((1, b"first 1"), (2, b"second 2"))


def test_a_new_base_replaces_the_steps_but_not_the_drag_in_flight(begin):
    journal = begin()
    opened(journal)
    journal.dragging("anna", drag_request("anna"), 9, 0)
    journal.record("anna", Record(step=1, latent=b"one", resume=b"after one"))
    journal.record("anna", Record(base=b"tuned again", step=1))
    snapshot = journal.snapshot("anna")
    assert (snapshot.base, snapshot.steps, snapshot.position) == (b"tuned again", (), 1)
    assert (snapshot.drag, snapshot.resume) == (drag("anna"), b"after one")


def test_what_is_removed_leaves_nothing_behind(begin, tmp_path):
    journal = begin()
    opened(journal)
    opened(journal, "ben")
    journal.record("anna", Record(step=1, latent=b"one", resume=b"after one"))
    journal.remove("anna")
    with pytest.raises(JournalError, match="not keep"):
        journal.snapshot("anna")
    journal = begin()
    assert [each.session for each in journal.sessions()] == ["ben"]
    assert len(list((tmp_path / "journal" / "files").iterdir())) == 1
    assert b"after one" not in (tmp_path / "journal" / "journal.sqlite").read_bytes()


def test_records_of_a_session_that_is_not_kept_are_passed_over(begin):
    journal = begin()
    wait_for(journal, journal.record("nobody", Record(base=b"base", step=0)))
    assert journal.trouble is None
    with pytest.raises(JournalError):
        journal.snapshot("nobody")


def test_one_sessions_large_picture_does_not_hold_up_the_others(begin, monkeypatch):
    journal = begin()
    opened(journal, "ben")
    wait_for(journal, journal.remove("nobody"))
    write = journal._queue._files.write

    def slowly(kind, pieces):
        time.sleep(0.5)
        return write(kind, pieces)

    monkeypatch.setattr(journal._queue._files, "write", slowly)
    large = journal.opening(kept("anna"), open_request())
    small = journal.record("ben", Record(step=1, latent=b"one"))
    end = time.monotonic() + 0.4
    while not journal.done(small) and time.monotonic() < end:
        time.sleep(0.005)
    assert journal.done(small) and not journal.done(large)
    assert journal.committed < large


def test_folder_and_files_are_the_users_own(begin, tmp_path):
    old = os.umask(0)
    try:
        opened(begin())
        begin()
    finally:
        os.umask(old)
    for path in [tmp_path / "journal", *(tmp_path / "journal").rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_second_daemon_is_kept_out(begin, tmp_path):
    begin()
    with pytest.raises(JournalError, match="Another daemon"):
        Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)


def test_a_folder_that_cannot_be_used_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="cannot be kept in"):
        Journal(tmp_path / "file" / "journal", max_bytes=MANY, keep=3600)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(JournalError, match="not a folder of your own"):
        Journal(tmp_path / "link", max_bytes=MANY, keep=3600)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_refused_in_words(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="cannot be kept in"):
        Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)


def test_what_a_daemon_left_unfinished_is_cleared_away(begin, tmp_path):
    opened(begin())
    begin().close()
    files = tmp_path / "journal" / "files"
    (files / "base-0123456789abcdef").write_bytes(b"never committed")
    (files / "base-0123456789abcdff.new").write_bytes(b"never finished")
    journal = begin()
    assert len(list(files.iterdir())) == 1
    assert journal.snapshot("anna").base == base_of("anna", 0)
    assert journal.notes == ()


def test_after_closing_nothing_waits_and_nothing_fails(begin):
    journal = begin()
    journal.close()
    ticket = journal.record("anna", Record(step=1))
    assert journal.committed >= ticket


def test_the_log_does_not_grow_without_bound(begin, tmp_path, monkeypatch):
    monkeypatch.setattr("draggan_daemon.journal.writer.WAL_BYTES", 1 << 20)
    journal = begin()
    opened(journal)
    log, largest = tmp_path / "journal" / "journal.sqlite-wal", 0
    for step in range(1, 301):
        record = Record(step=step, latent=bytes(12 << 10), resume=bytes(55 << 10))
        wait_for(journal, journal.record("anna", record))
        largest = max(largest, log.stat().st_size)
    assert largest < 3 << 20  # 300 steps are 20 MiB
    assert journal.snapshot("anna").position == 300


def test_a_resume_that_was_overtaken_is_never_written(begin):
    journal = begin()
    opened(journal)
    with journal._queue._changed:  # the writer cannot take any of them
        for step in range(1, 101):
            journal.record("anna", Record(step=step, latent=b"x", resume=bytes(1 << 20)))
        assert journal._queue._bytes < 2 << 20
    assert journal.snapshot("anna").resume == bytes(1 << 20)
    assert len(journal.snapshot("anna").steps) == 100


def test_the_cost_is_told(begin):
    journal = begin()
    opened(journal)
    journal.snapshot("anna")
    cost = journal.cost()
    assert cost.writes == 3 and 1 <= cost.commits <= 3
    assert 0 < cost.p50_ms <= cost.p95_ms < 1000
    assert cost.bytes > len(base_of("anna", 0))


def test_a_record_that_can_never_be_written_costs_its_own_session_only(begin, caplog):
    caplog.set_level("DEBUG")
    journal = begin()
    opened(journal)
    opened(journal, "ben")
    with journal._queue._changed:  # both in one transaction
        journal.record("ben", Record(step=1, latent=b"one"))
        last = journal.record("anna", Record(step=1 << 70, latent=b"secret"))
        journal.record("ben", Record(step=2, latent=b"two"))
    wait_for(journal, last)
    assert journal.snapshot("ben").steps == ((1, b"one"), (2, b"two"))
    with pytest.raises(JournalError):
        journal.snapshot("anna")
    assert journal.dropped() == ["anna"] and journal.dropped() == []
    assert journal.trouble is None
    assert "session anna: cannot be kept" in caplog.text
    assert kept("anna").token not in caplog.text and "secret" not in caplog.text
