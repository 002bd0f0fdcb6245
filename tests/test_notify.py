"""systemd is told when the daemon is ready, alive and ending; nobody else is told anything."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_daemon import notify
from draggan_daemon.notify import Notifier, WatchedClock


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def heard(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().splitlines()


def test_ready_names_the_process_and_what_it_serves(systemd: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    notifier.ready("Serving at\nipc:///x")
    assert heard(systemd) == ["READY=1", f"MAINPID={os.getpid()}", "STATUS=Serving at ipc:///x"]
    notifier.status("2 sessions")
    assert heard(systemd) == ["STATUS=2 sessions"]
    notifier.stopping()
    assert heard(systemd)[0] == "STOPPING=1"


def test_an_abstract_socket_is_meant_by_an_at_sign() -> None:
    name = f"draggand-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).alive()
        assert heard(listener) == ["WATCHDOG=1"]


def test_without_systemd_and_with_a_socket_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}, {"NOTIFY_SOCKET": "vsock:1"}):
        Notifier(environ).ready("x")
        assert Notifier(environ).watchdog is None


def test_a_full_socket_does_not_stop_the_daemon(systemd: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    begin = time.monotonic()
    for _ in range(1000):
        notifier.alive()
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("microseconds", "process", "seconds"),
    [("20000000", None, 20.0), ("20000000", "1", None), ("0", None, None), ("x", None, None)],
)
def test_the_watchdog_counts_only_for_this_process(
    systemd: socket.socket, microseconds: str, process: str | None, seconds: float | None
) -> None:
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": microseconds}
    if process is not None:
        environ["WATCHDOG_PID"] = process
    assert Notifier(environ).watchdog == seconds


def test_a_clock_that_is_looked_at_is_a_sign_of_life(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(notify.time, "monotonic", lambda: now[0])
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000000"}
    clock = WatchedClock(Notifier(environ))
    told = []
    systemd.setblocking(False)
    for _ in range(21):  # a turn each half second
        assert clock() == now[0]
        now[0] += 0.5
        try:
            told.append(heard(systemd))
        except BlockingIOError:
            told.append([])
    signs = [index for index, words in enumerate(told) if words == ["WATCHDOG=1"]]
    assert signs == [0, 10, 20]  # each five seconds of twenty
