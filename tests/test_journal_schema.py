"""Journals of other versions: an older one is brought forward after a copy, a newer one refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal, JournalError
from draggan_daemon.journal.schema import SCRIPTS, open_database
from draggan_daemon.journal.values import Damaged

from tests.journal_child import MANY, kept, open_request

NEXT = (*SCRIPTS, "ALTER TABLE sessions ADD COLUMN note TEXT")


def columns(database: sqlite3.Connection) -> list[str]:
    return [row[1] for row in database.execute("PRAGMA table_info(sessions)")]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A journal of version 1 with one session."""
    journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
    journal.opening(kept("anna"), open_request())
    journal.close()
    return tmp_path / "journal" / "journal.sqlite"


def test_an_older_database_is_brought_forward_with_what_is_in_it(older):
    with closing(open_database(older, scripts=NEXT)) as database:
        assert "note" in columns(database)
        assert database.execute("SELECT session FROM sessions").fetchall() == [("anna",)]
        assert database.execute("PRAGMA user_version").fetchone() == (2,)


def test_before_that_it_is_copied(older):
    open_database(older, scripts=NEXT).close()
    copy = older.with_name("journal.sqlite.version-1")
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert "note" not in columns(database)
        assert database.execute("SELECT session FROM sessions").fetchall() == [("anna",)]


def test_a_change_that_fails_leaves_the_older_version(older):
    with pytest.raises(sqlite3.OperationalError):
        open_database(older, scripts=(*SCRIPTS, "CREATE TABLE more (x); SELECT nonsense"))
    with closing(open_database(older)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_newer_database_is_refused_and_left_alone(older):
    open_database(older, scripts=NEXT).close()
    with pytest.raises(JournalError, match="newer daemon") as refused:
        Journal(older.parent, max_bytes=MANY, keep=3600)
    assert not isinstance(refused.value, Damaged)
    assert not list(older.parent.glob("damaged-*"))


def test_a_database_that_has_lost_its_version_is_damaged(older):
    with closing(sqlite3.connect(older)) as database:
        database.execute("PRAGMA user_version=0")
    with pytest.raises(Damaged):
        open_database(older)


def test_commits_reach_the_log_and_the_database_never_works_the_log_in_by_itself(older):
    with closing(open_database(older)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
