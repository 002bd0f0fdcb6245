"""What the daemon writes about its work, and what never stands in it."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_daemon import logs
from draggan_daemon.config import LogSettings
from draggan_daemon.config_values import ConfigError
from draggan_daemon.logs import about, begin_log, set_level

log = logging.getLogger("draggand.test")


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """The test runner's own handlers are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = handlers, level


def written(settings: LogSettings | None = None, *, verbose: bool = False) -> io.StringIO:
    stream = io.StringIO()
    begin_log(settings or LogSettings(), verbose=verbose, stream=stream, environ={})
    return stream


def test_a_line_has_time_level_and_source() -> None:
    stream = written()
    log.info("hello from %r", "krita")
    assert stream.getvalue()[4] == "-" and stream.getvalue().endswith(
        " INFO    draggand.test: hello from 'krita'\n"
    )


def test_each_line_about_a_session_and_a_request_names_them_once() -> None:
    stream = written()
    with about(session="a1b2", request=7):
        log.info("dragging")
        log.info("session a1b2: stopped")
    log.info("opened", extra={"session": "c3"})
    log.info("idle")
    told = [line.partition("draggand.test: ")[2] for line in stream.getvalue().splitlines()]
    assert told == [
        "dragging (session a1b2, request 7)",
        "session a1b2: stopped (request 7)",
        "opened (session c3)",
        "idle",
    ]


def test_json_lines_hold_everything_in_fields() -> None:
    stream = written(LogSettings(format="json"))
    with about(session="a1b2", request=7):
        try:
            raise ValueError("no such thing")
        except ValueError:
            log.exception("a job failed")
    (line,) = stream.getvalue().splitlines()
    row = json.loads(line)
    assert (row["level"], row["logger"], row["message"]) == (
        "error",
        "draggand.test",
        "a job failed",
    )
    assert (row["session"], row["request"]) == ("a1b2", 7)
    assert "ValueError: no such thing" in row["error"] and row["time"].endswith("Z")


def test_a_session_that_a_line_begins_with_is_a_field_as_well() -> None:
    stream = written(LogSettings(format="json"))
    log.info("session %s: stop", "0123456789abcdef")
    assert json.loads(stream.getvalue())["session"] == "0123456789abcdef"


@pytest.mark.parametrize("format_", ["text", "json"])
def test_secrets_are_taken_out_wherever_they_come_from(format_: str) -> None:
    stream = written(LogSettings(format=format_))
    token, key = "0123456789abcdef" * 2, "A" * 42 + "_"
    log.warning("refused %s", token)
    log.warning("draggand://anna@box:7417/%s.%s", key, key)
    try:
        raise RuntimeError(token)
    except RuntimeError:
        log.exception("stumbled")
    log.info("server key SHA256:%s", "b" * 43)
    log.info("session %s", "0123456789abcdef")
    text = stream.getvalue()
    assert token not in text and key not in text and text.count("[secret]") == 4
    assert "SHA256:" + "b" * 43 in text and "session 0123456789abcdef" in text


def test_a_strangers_name_cannot_write_lines_of_its_own() -> None:
    stream = written()
    log.info("hello from %s", "krita\n2026-01-01 00:00:00 ERROR draggand: \x1b[2Jowned")
    log.info("long %s", "x " * 100_000)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2 and "\x1b" not in lines[0] and r"\n2026" in lines[0]
    assert len(lines[1]) < 5000


def test_under_systemd_lines_carry_priorities_and_no_time() -> None:
    reading, writing = os.pipe()
    found = os.fstat(writing)
    with open(writing, "w") as stream:
        environ = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        begin_log(LogSettings(), stream=stream, environ=environ)
        log.warning("careful")
        try:
            raise ValueError("first")
        except ValueError:
            log.exception("failed")
    with open(reading) as stream:
        lines = stream.read().splitlines()
    assert lines[0] == "<4>draggand.test: careful"
    assert lines[1] == "<3>draggand.test: failed"
    assert len(lines) > 3 and all(line.startswith("<3>draggand.test: ") for line in lines[1:])


def test_a_journal_of_somebody_else_is_no_journal_of_ours() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream:
        assert not logs.is_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not logs.is_journal(stream, {})


def test_the_file_is_private_and_turns_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 1000)
    file = tmp_path / "logs" / "draggand.log"
    begin_log(LogSettings(file=str(file)), environ={})
    for number in range(200):
        log.info("line %d", number)
    kept = sorted(path.name for path in file.parent.iterdir())
    assert kept == ["draggand.log", *(f"draggand.log.{n}" for n in range(1, 5))]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.with_suffix(".log.1").stat().st_mode) == 0o600
    assert all(path.stat().st_size <= 1000 for path in file.parent.iterdir())


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        begin_log(LogSettings(file=str(tmp_path / "file" / "draggand.log")), environ={})


def test_the_level_changes_while_it_runs() -> None:
    stream = written(LogSettings(level="warning"))
    log.info("one")
    set_level(LogSettings(level="debug"))
    log.debug("two")
    set_level(LogSettings(level="error"), verbose=True)
    log.debug("three")
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == ["two", "three"]
