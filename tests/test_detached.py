"""A daemon that is started for somebody else, and where its socket lasts."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from draggan_daemon import detached
from draggan_daemon.detached import ensure_daemon, lasting_path
from draggan_daemon.local_socket import serving_process
from draggan_wire.errors import NoDaemon


def test_a_daemon_is_started_once_and_outlives_its_starter(tmp_path: Path) -> None:
    place = tmp_path / "run" / "d.sock"
    connect = [sys.executable, "-m", "draggan_daemon", "connect", "--endpoint", f"ipc://{place}"]
    processes = []
    for _ in range(2):
        done = subprocess.run(connect, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        processes.append(serving_process(place))
    try:
        first, second = processes
        assert first is not None and first == second
        assert os.getsid(first) != os.getsid(0)
        assert place.parent.stat().st_mode & 0o777 == 0o700
    finally:
        for process in {one for one in processes if one is not None}:
            os.kill(process, signal.SIGTERM)


def test_a_daemon_that_cannot_start_is_told_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detached, "RIVAL", 0.1)
    monkeypatch.setenv("DRAGGAND_DEVICE", "tpu")
    with pytest.raises(NoDaemon, match="ended at once") as error:
        ensure_daemon(tmp_path / "run" / "d.sock")
    log = tmp_path / "run" / "draggand.log"
    assert str(log) in error.value.hint and "no device" in log.read_text()


def test_a_log_that_has_grown_large_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detached, "RIVAL", 0.1)
    monkeypatch.setattr(detached, "LARGEST_LOG", 50)
    monkeypatch.setenv("DRAGGAND_DEVICE", "tpu")  # each start leaves its last words
    place = tmp_path / "run" / "d.sock"
    for _ in range(3):
        with pytest.raises(NoDaemon):
            ensure_daemon(place)
    words = [(place.parent / name).read_text() for name in ("draggand.log", "draggand.log.1")]
    assert [text.count("no device") for text in words] == [1, 1]


def test_what_cannot_be_started_at_all_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NoDaemon, match="none can be started"):
        ensure_daemon(tmp_path / "run" / "d.sock")


@pytest.mark.parametrize("lingers", [False, True])
def test_a_socket_that_would_go_with_the_last_login_is_put_where_it_lasts(
    lingers: bool, tmp_path: Path
) -> None:
    runtime, lingering = tmp_path / "user", tmp_path / "linger"
    lingering.mkdir()
    if lingers:
        (lingering / getpass.getuser()).touch()
    place = runtime / "1000" / "draggand" / "draggand.sock"
    found = lasting_path(place, runtime=runtime, lingering=lingering)
    assert (found == place) == lingers
    assert lingers or Path(tempfile.gettempdir()) in found.parents


def test_a_place_outside_the_runtime_folder_stays(tmp_path: Path) -> None:
    assert lasting_path(tmp_path / "s") == tmp_path / "s"
