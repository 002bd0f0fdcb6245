"""A daemon is started free of its host, and it is told when it ended before it answered."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_wire import starting
from draggan_wire.client import Client, Connected
from draggan_wire.endpoint import default_endpoint
from draggan_wire.errors import AccessRefused, NoDaemon
from draggan_wire.starting import StartedDaemon, own_environment, start_daemon


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "s"
    monkeypatch.setenv("DRAGGAND_SOCKET", str(folder / "d.sock"))
    return folder / "d.sock"


@pytest.fixture
def started() -> Iterator[list[StartedDaemon]]:
    """Whatever a test starts and puts in here is ended after it."""
    daemons: list[StartedDaemon] = []
    yield daemons
    for daemon in daemons:
        if daemon.process.poll() is None:
            daemon.process.terminate()
        daemon.process.wait(20)


def test_a_real_daemon_comes_up_where_the_client_looks(
    socket: Path, started: list[StartedDaemon]
) -> None:
    started.append(start_daemon([sys.executable, "-m", "draggan_daemon"]))
    client = Client(default_endpoint(), name="test")
    try:
        end = time.monotonic() + 60
        while not any(isinstance(event, Connected) for event in client.poll(0.1)):
            assert started[0].check() is None and time.monotonic() < end
    finally:
        client.close()
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert "serves at" in started[0].log.read_text()


def test_it_is_told_to_go_by_itself_and_lives_in_a_session_of_its_own(
    socket: Path, started: list[StartedDaemon]
) -> None:
    began = time.monotonic()
    said = program(socket.parent.parent / "tell", 'echo "$@"; sleep 0.3')
    started.append(start_daemon([str(said)]))
    assert time.monotonic() - began < 0.3
    session = os.getsid(started[0].process.pid)
    assert session == started[0].process.pid != os.getsid(0)
    started[0].process.wait(10)
    words = started[0].log.read_text().splitlines()[0]
    assert words == f"serve --endpoint ipc://{socket} --ephemeral --idle-exit 15m"


def test_one_that_ends_at_once_is_told_with_its_last_words(
    socket: Path, started: list[StartedDaemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = program(socket.parent.parent / "broken", "echo first; echo out of coal; exit 3")
    started.append(start_daemon([str(broken)]))
    started[0].process.wait(10)
    assert started[0].check() is None  # another daemon may have been faster, and answer soon
    monkeypatch.setattr(started[0], "_deadline", 0.0)
    fault = started[0].check()
    assert isinstance(fault, NoDaemon) and "code 3" in fault.sentence
    assert "out of coal" in fault.hint and str(started[0].log) in fault.hint


def test_one_that_never_answers_is_given_up_after_a_minute(
    socket: Path, started: list[StartedDaemon]
) -> None:
    idle = start_daemon([str(program(socket.parent.parent / "idle", "exec sleep 30"))])
    started.append(idle)
    now = [0.0]
    patient = StartedDaemon(idle.process, idle.log, clock=lambda: now[0])
    now[0] = starting.PATIENCE - 1
    assert patient.check() is None
    now[0] = starting.PATIENCE
    fault = patient.check()
    assert fault is not None and "too long" in fault.sentence and "none" in fault.hint


def test_a_program_that_is_not_there_is_refused_in_a_sentence(socket: Path) -> None:
    with pytest.raises(NoDaemon) as refusal:
        start_daemon(["/gone/draggand"])
    assert "/gone/draggand" in refusal.value.sentence and "draggand serve" in refusal.value.hint


def test_a_folder_that_others_may_enter_is_refused(socket: Path) -> None:
    socket.parent.mkdir(mode=0o755)
    with pytest.raises(AccessRefused):
        start_daemon(["/bin/true"])


def test_a_daemon_is_not_started_at_an_address_without_a_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAGGAND_SOCKET", "tcp://127.0.0.1:5555")
    with pytest.raises(NoDaemon):
        start_daemon(["/bin/true"])


def test_what_the_host_set_for_itself_is_not_handed_on() -> None:
    given = {
        "PYTHONHOME": "/krita",
        "PYTHONPATH": "/krita/lib",
        "QT_PLUGIN_PATH": "/krita/qt",
        "QT_QPA_PLATFORM": "xcb",
        "APPDIR": "/tmp/.mount_krita",
        "LD_LIBRARY_PATH": "/tmp/.mount_krita/usr/lib:/opt/cuda/lib",
        "HOME": "/home/painter",
        "CUDA_VISIBLE_DEVICES": "1",
    }
    assert own_environment(given) == {
        "LD_LIBRARY_PATH": "/opt/cuda/lib",
        "HOME": "/home/painter",
        "CUDA_VISIBLE_DEVICES": "1",
    }
