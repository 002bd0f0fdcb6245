"""The far end of an ssh: standard input and output as a stream to the daemon."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_daemon import stream
from draggan_daemon.stream import pass_stream
from draggan_wire.tunnel import GREETING

COMMAND = [sys.executable, "-m", "draggan_daemon", "connect", "--endpoint"]
PATIENCE = 20.0


class Passing:
    """`pass_stream` in a thread between two pipes and a daemon of the test's."""

    def __init__(self) -> None:
        self.daemon, theirs = socket.socketpair()
        self.daemon.settimeout(PATIENCE)
        source, self.into = os.pipe()
        self.out, sink = os.pipe()

        def run() -> None:
            pass_stream(theirs, source=source, sink=sink)
            theirs.close()
            os.close(sink)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def read_to_end(self) -> bytes:
        with os.fdopen(self.out, "rb") as out:
            return out.read()


@pytest.fixture
def passing() -> Iterator[Passing]:
    one = Passing()
    yield one
    one.daemon.close()
    one.thread.join(PATIENCE)


def test_the_greeting_comes_first_and_what_follows_is_the_daemons(passing: Passing) -> None:
    passing.daemon.sendall(b"welcome")
    passing.daemon.close()
    assert passing.read_to_end() == GREETING + b"welcome"


def test_an_end_of_input_is_passed_on_and_the_answer_still_arrives(passing: Passing) -> None:
    os.write(passing.into, b"last words")
    os.close(passing.into)
    heard = b""
    while part := passing.daemon.recv(100):
        heard += part
    passing.daemon.sendall(b"heard")
    passing.daemon.close()
    assert heard == b"last words"
    assert passing.read_to_end().endswith(b"heard")


def test_megabytes_pass_both_ways_at_once(passing: Passing) -> None:
    data = os.urandom(1 << 20) * 8

    def echo() -> None:
        while part := passing.daemon.recv(1 << 16):
            passing.daemon.sendall(part)
        passing.daemon.close()

    def feed() -> None:
        with os.fdopen(passing.into, "wb") as into:
            into.write(data)

    for work in (echo, feed):
        threading.Thread(target=work, daemon=True).start()
    assert passing.read_to_end() == GREETING + data


def test_a_daemon_that_does_not_hang_up_is_left_behind(
    passing: Passing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LINGER", 0.1)
    os.close(passing.into)
    passing.thread.join(PATIENCE)
    assert not passing.thread.is_alive()


def connect_to(place: Path, listening: Callable[[socket.socket], None]) -> bytes:
    """What `draggand connect` writes while somebody listens at `place`."""
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(place))
        daemon.listen()
        thread = threading.Thread(target=listening, args=(daemon,), daemon=True)
        thread.start()
        done = subprocess.run(
            [*COMMAND, f"ipc://{place}"], input=b"hello", capture_output=True, timeout=PATIENCE
        )
        thread.join(PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_talks_to_the_daemon_that_is_there_and_loads_nothing_heavy(
    tmp_path: Path,
) -> None:
    def answer(daemon: socket.socket) -> None:
        while True:
            with daemon.accept()[0] as guest:  # the first only asks whether somebody is there
                if said := guest.recv(100):
                    guest.sendall(said.upper())
                    return

    begin = time.monotonic()
    assert connect_to(tmp_path / "s", answer) == GREETING + b"HELLO"
    assert time.monotonic() - begin < 3  # 0.2 s is usual; a loaded machine needs air


def test_a_folder_that_others_can_enter_is_refused_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    done = subprocess.run([*COMMAND, f"ipc://{tmp_path}/s"], capture_output=True, text=True)
    assert done.returncode == 78 and done.stdout == ""
    assert done.stderr.startswith("draggand: The folder") and "Traceback" not in done.stderr
