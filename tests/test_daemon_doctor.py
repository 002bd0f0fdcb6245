"""`draggand doctor`: what it finds around a daemon, and the session that it tries."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from draggan_daemon.access.access import Access
from draggan_daemon.access.authorized import AuthorizedKey
from draggan_daemon.access.keys import SERVER, key_file, make_pair
from draggan_daemon.cli import main
from draggan_daemon.config import Config, JournalSettings, Loaded, Remote, load
from draggan_daemon.doctor import surroundings, trial
from draggan_daemon.doctor.surroundings import (
    check_clock,
    check_journal_folder,
    check_keys,
    check_port,
    check_service,
    check_settings,
    check_socket,
)
from draggan_daemon.journal import Journal
from draggan_daemon.service import unit_path
from draggan_wire.client import Client
from draggan_wire.messages import (
    Close,
    Closed,
    Done,
    Drag,
    Hello,
    Message,
    ModelInfo,
    Open,
    Opened,
    Ready,
    State,
    Welcome,
    decode,
    encode,
)

from draggan.doctor.findings import Finding

from .zmq_router import Multipart, Router


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings, keys or a journal."""
    for name in [name for name in os.environ if name.startswith("DRAGGAND_")]:
        monkeypatch.delenv(name)
    for kind in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    return tmp_path


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


def listening(port: int) -> Config:
    return replace(Config(), remote=Remote(listen=f"127.0.0.1:{port}"))


def test_settings_are_named_with_their_origin() -> None:
    assert "the defaults hold" in only(check_settings(Loaded(Config(), {}))).sentence
    found = only(check_settings(load(environ={"DRAGGAND_THREADS": "2"})))
    assert found.state == "good" and "threads in the environment" in found.sentence


def test_a_socket_that_others_can_reach_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert "will be made" in only(check_socket(folder / "d.sock")).sentence
    folder.mkdir(mode=0o755)
    found = only(check_socket(folder / "d.sock"))
    assert found.state == "problem" and f"chmod 700 {folder}" in found.remedy
    folder.chmod(0o700)
    assert only(check_socket(folder / "d.sock")).state == "good"
    assert only(check_socket(folder / ("x" * 200))).state == "problem"


def test_a_remote_door_that_nobody_may_use_is_a_problem() -> None:
    assert only(check_keys(Config())).state == "good"
    found = only(check_keys(listening(7417)))
    assert found.state == "problem" and "draggand invite NAME" in found.remedy
    access = Access()
    shown = access.server_pair()
    access.authorize(AuthorizedKey(make_pair().public, "anna"))
    found = only(check_keys(listening(7417)))
    assert found.state == "good" and "1 authorised" in found.sentence
    assert "SHA256:" in found.sentence and shown.secret.hex() not in found.sentence


def test_a_key_that_others_can_read_is_a_problem() -> None:
    access = Access()
    access.server_pair()
    file = key_file(access.folder, SERVER)
    file.chmod(0o644)
    found = only(check_keys(Config()))
    assert found.state == "problem" and str(file) in found.sentence and "chmod 600" in found.remedy


def test_a_port_that_is_taken_is_a_problem(tmp_path: Path) -> None:
    assert list(check_port(Config(), tmp_path / "d.sock")) == []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = only(check_port(listening(port), tmp_path / "d.sock"))
        assert found.state == "problem" and f":{port}" in found.remedy
    assert only(check_port(listening(port), tmp_path / "d.sock")).state == "good"


def test_a_journal_needs_a_folder_of_this_computer_and_room(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = home / "run" / "d.sock"
    assert only(check_journal_folder(Config(), place)).state == "good"
    hungry = replace(Config(), journal=JournalSettings(max_bytes=1 << 60))
    assert only(check_journal_folder(hungry, place)).state == "note"
    off = replace(Config(), journal=JournalSettings(enabled=False))
    assert only(check_journal_folder(off, place)).state == "note"
    (home / "file").touch()
    blocked = replace(Config(), journal=JournalSettings(folder=str(home / "file" / "x")))
    assert only(check_journal_folder(blocked, place)).state == "problem"
    monkeypatch.setattr(surroundings, "_file_system", lambda folder: "nfs4")
    found = only(check_journal_folder(Config(), place))
    assert found.state == "problem" and "nfs4" in found.sentence


def test_a_journal_that_was_put_aside_is_told(home: Path) -> None:
    folder = home / "journal"
    (folder / "damaged-2026-11-23").mkdir(parents=True)
    settings = replace(Config(), journal=JournalSettings(folder=str(folder)))
    good, lost = check_journal_folder(settings, home / "d.sock")
    assert good.state == "good" and lost.state == "note" and "damaged-2026" in lost.sentence


def test_a_journal_with_a_broken_page_is_told(home: Path) -> None:
    folder = home / "journal"
    Journal(folder, max_bytes=1 << 30, keep=3600).close()
    settings = replace(Config(), journal=JournalSettings(folder=str(folder)))
    assert only(check_journal_folder(settings, home / "d.sock")).state == "good"
    file = folder / "journal.sqlite"
    file.write_bytes(file.read_bytes()[:4096] + b"\x55" * (file.stat().st_size - 4096))
    _, broken = check_journal_folder(settings, home / "d.sock")
    assert (
        broken.state == "note"
        and str(file) in broken.sentence
        and "puts it aside" in (broken.remedy)
    )


def test_a_clock_before_the_programs_own_day_is_told() -> None:
    assert only(check_clock()).state == "good"
    assert only(check_clock(now=0.0)).state == "note"


def test_a_service_whose_program_is_gone_is_a_problem() -> None:
    assert "None is installed" in only(check_service()).sentence
    path = unit_path()
    path.parent.mkdir(parents=True)
    path.write_text(f"[Service]\nExecStart={sys.executable} -m draggan_daemon serve\n")
    assert only(check_service()).state == "good"
    path.write_text('[Service]\nExecStart="/gone/with a/draggand" serve\n')
    found = only(check_service())
    assert found.state == "problem" and "/gone/with a/draggand" in found.sentence


def test_settings_that_cannot_be_used_are_a_finding_and_the_rest_follows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGGAND_DEVISE", "cpu")
    monkeypatch.setattr("draggan_daemon.doctor.checks.checks", lambda *args, **kwargs: iter(()))
    assert main(["doctor", "--json"]) == 78
    found = json.loads(capsys.readouterr().out)
    assert found["works"] is False
    assert found["findings"] == [
        {
            "subject": "Settings",
            "state": "fail",
            "sentence": "Unknown setting 'devise' in the environment.",
            "remedy": "Did you mean 'device'?",
        }
    ]


def prompt_daemon(frames: Multipart) -> Iterator[Multipart]:
    """Says all that it will ever say to a request in one breath."""
    envelope = decode(frames)
    model = ModelInfo("m", title="M", width=8, height=8)
    said: dict[type, list[Message]] = {
        Hello: [Welcome(1, "test", "none", models=(model,))],
        Open: [Opened("s", "token", 8, 8), Ready("s")],
        Drag: [State("s", "dragging"), Done("s", "reached", 4, 2.0, ())],
        Close: [Closed("s", "asked")],
    }
    for answer in said.get(type(envelope.message), []):
        yield [bytes(part) for part in encode(answer, reply=envelope.id)]


def test_a_trial_hears_what_comes_faster_than_it_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "PATIENCE", 3.0)
    monkeypatch.setattr(Client, "_await_event", lambda client, timeout: time.sleep(0.05))
    with Router(f"ipc://{tmp_path}/s", prompt_daemon):
        found = trial.try_session(tmp_path / "s")
    assert found.daemon == "test" and found.step < 1.0


@pytest.mark.slow
def test_a_session_is_tried_with_a_daemon_of_its_own_or_the_one_that_serves(home: Path) -> None:
    endpoint = f"ipc://{home}/run/d.sock"
    program = [sys.executable, "-m", "draggan_daemon"]
    environ = {**os.environ, "DRAGGAND_DEVICE": "cpu"}

    def doctor() -> dict[str, dict[str, str]]:
        done = subprocess.run(
            [*program, "doctor", "--json", "--endpoint", endpoint],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
        found = json.loads(done.stdout)
        assert done.returncode == 0 and found["works"], done.stdout
        return {row["subject"]: row for row in found["findings"]}

    alone = doctor()
    assert "None serves" in alone["Daemon"]["sentence"]
    assert alone["Session"]["state"] == "ok" and "each step" in alone["Session"]["sentence"]
    assert list((home / "state").rglob("*.sqlite*")) == [], "the user's own journal was used"
    daemon = subprocess.Popen(
        [*program, "serve", "--endpoint", endpoint], env=environ, stderr=subprocess.DEVNULL
    )
    try:
        while not Path(f"{home}/run/d.sock").exists():
            assert daemon.poll() is None
        found = doctor()
        assert "answers at" in found["Daemon"]["sentence"] and found["Daemon"]["state"] == "ok"
        sessions = subprocess.run(
            [*program, "sessions", "--endpoint", endpoint], capture_output=True, text=True
        )
        assert sessions.stdout == "no session is open\n"
    finally:
        daemon.terminate()
        daemon.wait(30)
