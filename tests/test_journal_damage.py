"""A journal that was damaged while nobody looked: put aside and said, never given out as true."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal, JournalError
from draggan_daemon.worker import Record, Snapshot

from tests.journal_child import (
    MANY,
    base_of,
    drag_request,
    kept,
    latent_of,
    open_request,
    resume_of,
)

STEPS = 30
FLIPS = 40


def begun(folder: Path) -> Journal:
    return Journal(folder, max_bytes=MANY, keep=3600)


def fill(journal: Journal) -> None:
    """anna has steps and a drag in flight, ben is still being opened."""
    journal.opening(kept("anna"), open_request())
    journal.record("anna", Record(base=base_of("anna", 0), step=0))
    journal.delivered("anna", finished=True)
    journal.dragging("anna", drag_request("anna"), 9, 0)
    for step in range(1, STEPS + 1):
        latent, resume = latent_of("anna", step), resume_of("anna", step)
        ticket = journal.record("anna", Record(step=step, latent=latent, resume=resume))
        while not journal.done(ticket):
            pass
    journal.opening(kept("ben"), open_request())
    journal.snapshot("anna")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("closed") / "journal"
    journal = begun(folder)
    fill(journal)
    journal.request("ben")
    journal.close()
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with everything in the log still, as a killed daemon leaves it."""
    folder = tmp_path_factory.mktemp("killed")
    journal = begun(folder / "journal")
    fill(journal)
    journal.request("ben")
    shutil.copytree(folder / "journal", folder / "copy")
    journal.close()
    return folder / "copy"


def copied(folder: Path, tmp_path: Path, name: str = "journal") -> Path:
    return Path(shutil.copytree(folder, tmp_path / name))


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << (place % 8)
    path.write_bytes(data)


def is_right(snapshot: Snapshot) -> bool:
    """Up to some step, everything is what had been written."""
    known = range(1, snapshot.position + 1)
    return (
        snapshot.base == base_of("anna", 0)
        and snapshot.position <= STEPS
        and snapshot.steps == tuple((step, latent_of("anna", step)) for step in known)
        and snapshot.resume in (None, resume_of("anna", snapshot.position))
    )


def outcome(folder: Path) -> str:
    """What becomes of anna: "right", or in how far it was said that she is lost."""
    try:
        journal = begun(folder)
    except JournalError:
        return "refused"
    try:
        names = {each.session: each for each in journal.sessions()}
        if "anna" not in names:
            return "said" if journal.notes else "lost"
        if names["anna"].token != kept("anna").token:
            return "wrong"
        return "right" if is_right(journal.snapshot("anna")) else "wrong"
    except JournalError:
        return "said" if journal.notes else "lost"
    finally:
        journal.close()


def test_an_undamaged_copy_is_right(closed, killed, tmp_path):
    assert outcome(copied(closed, tmp_path)) == "right"
    assert outcome(copied(killed, tmp_path, "killed")) == "right"


def test_a_flipped_bit_in_the_database_is_never_given_out(closed, tmp_path):
    chance, seen = random.Random(1), []
    size = (closed / "journal.sqlite").stat().st_size
    for number in range(FLIPS):
        folder = copied(closed, tmp_path, str(number))
        flip(folder / "journal.sqlite", chance.randrange(size))
        seen.append(outcome(folder))
        shutil.rmtree(folder)
    assert set(seen) <= {"right", "said", "refused"}, seen
    assert seen.count("said") > FLIPS / 4 and seen.count("refused") <= 1


def test_a_flipped_bit_in_the_log_costs_later_steps_at_most(killed, tmp_path):
    chance, seen = random.Random(2), []
    size = (killed / "journal.sqlite-wal").stat().st_size
    assert size > 1 << 20
    for number in range(FLIPS):
        folder = copied(killed, tmp_path, str(number))
        flip(folder / "journal.sqlite-wal", chance.randrange(size))
        seen.append(outcome(folder))
        shutil.rmtree(folder)
    # What the log had begun with may be gone altogether: then the session had never been.
    assert set(seen) <= {"right", "said", "lost"}, seen
    assert seen.count("right") > FLIPS / 2


def test_a_log_that_was_cut_short_gives_an_earlier_step(killed, tmp_path):
    log = (killed / "journal.sqlite-wal").read_bytes()
    positions = []
    for share in (0.5, 0.75, 0.95):
        folder = copied(killed, tmp_path, str(share))
        (folder / "journal.sqlite-wal").write_bytes(log[: int(len(log) * share)])
        journal = begun(folder)
        assert journal.notes == () and is_right(journal.snapshot("anna"))
        positions.append(journal.snapshot("anna").position)
        journal.close()
    assert 0 < positions[0] < positions[1] < positions[2] < STEPS


def test_a_flipped_bit_in_a_picture_costs_that_session_alone_and_is_said(closed, tmp_path):
    folder = copied(closed, tmp_path)
    (picture,) = (folder / "files").glob("base-*")
    flip(picture, 5000)
    journal = begun(folder)
    with pytest.raises(JournalError, match="kept of this session is damaged"):
        journal.snapshot("anna")
    assert ["anna" in n and "not what had been written" in n for n in journal.notes] == [True]
    assert journal.request("ben")[1] == 3
    with pytest.raises(JournalError, match="not keep"):
        journal.snapshot("anna")
    (aside,) = folder.glob("damaged-*")
    assert [path.name for path in aside.iterdir()] == [picture.name]
    journal.close()
    journal = begun(folder)
    assert [each.session for each in journal.sessions()] == ["ben"]
    journal.close()


def test_a_flipped_bit_in_a_request_is_said_when_it_is_asked_for(closed, tmp_path):
    folder = copied(closed, tmp_path)
    (request,) = (folder / "files").glob("opening-*")
    flip(request, 50)
    journal = begun(folder)
    with pytest.raises(JournalError):
        journal.request("ben")
    assert is_right(journal.snapshot("anna")) and len(journal.notes) == 1
    journal.close()


@pytest.mark.parametrize("how", ["gone", "short", "a link"])
def test_a_file_that_is_not_there_as_it_was_is_found_at_the_start(closed, tmp_path, how):
    folder = copied(closed, tmp_path)
    (picture,) = (folder / "files").glob("base-*")
    data = picture.read_bytes()
    picture.unlink()
    if how == "short":
        picture.write_bytes(data[:-1])
    if how == "a link":
        picture.symlink_to("/etc/passwd")
    journal = begun(folder)
    assert [each.session for each in journal.sessions()] == ["ben"]
    assert len(journal.notes) == 1 and picture.name in journal.notes[0]
    journal.close()


def test_a_database_that_is_none_is_put_aside_with_its_files(closed, tmp_path):
    folder = copied(closed, tmp_path)
    (folder / "journal.sqlite").write_bytes(b"not a database" * 1000)
    journal = begun(folder)
    assert journal.sessions() == [] and len(journal.notes) == 1
    (aside,) = folder.glob("damaged-*")
    assert str(aside) in journal.notes[0]
    assert (aside / "journal.sqlite").read_bytes().startswith(b"not a database")
    assert len(list(aside.glob("base-*"))) == 1
    fill(journal)
    assert is_right(journal.snapshot("anna"))
    journal.close()


def test_only_the_latest_damaged_things_are_kept(closed, tmp_path):
    folder = copied(closed, tmp_path)
    for year in range(2020, 2026):
        (folder / f"damaged-{year}0101T000000").mkdir()
    (folder / "journal.sqlite").write_bytes(b"not a database" * 1000)
    begun(folder).close()
    names = sorted(path.name for path in folder.glob("damaged-*"))
    assert len(names) == 3 and names[0] == "damaged-20240101T000000"


def test_damage_that_shows_while_the_daemon_runs_is_put_aside_and_it_goes_on(tmp_path):
    journal = begun(tmp_path / "journal")
    fill(journal)
    journal.request("ben")
    with sqlite3.connect(tmp_path / "journal" / "journal.sqlite") as other:
        other.execute("PRAGMA writable_schema=ON")
        other.execute("UPDATE sqlite_master SET rootpage = 999999 WHERE name = 'steps'")
        other.execute("PRAGMA user_version=1")
        other.execute("CREATE TABLE noticed (x)")  # the schema is read again
    other.close()
    journal.record("anna", Record(step=STEPS + 1, latent=b"more"))
    journal.opening(kept("cleo"), open_request())
    ticket = journal.record("cleo", Record(base=base_of("cleo", 0), step=0))
    while not journal.done(ticket):
        pass
    assert journal.snapshot("cleo").base == base_of("cleo", 0)
    assert journal.trouble is None and "damaged" in journal.notes[0]
    assert set(journal.dropped()) == {"anna", "ben"}
    journal.close()


@pytest.mark.parametrize("how", ["emptied", "removed"])
def test_a_database_that_is_gone_is_not_taken_for_a_new_one(
    closed: Path, tmp_path: Path, how: str
) -> None:
    folder = copied(closed, tmp_path)
    (database,) = folder.glob("journal.sqlite")
    if how == "emptied":
        database.write_bytes(b"")
    else:
        database.unlink()
    journal = begun(folder)
    assert journal.sessions() == [] and "cannot be resumed" in journal.notes[0]
    assert list(folder.glob("damaged-*/*"))
    journal.close()
    again = begun(folder)
    assert again.notes == ()
    again.close()
