"""What the daemon leaves for its own user's programs, and when they believe it."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from pathlib import Path

import pytest
from draggan_daemon.config import Config
from draggan_daemon.connection_file import new_token, published
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_wire.client import Connected, Lost
from draggan_wire.connection_file import (
    ConnectionFile,
    connection_file,
    loopback_credentials,
    read_connection_file,
)
from draggan_wire.endpoint import default_endpoint, parse_endpoint
from draggan_wire.errors import AccessRefused

from tests.fake_engine import FakeEngine
from tests.far_daemon import Program

FACTS = ConnectionFile(
    endpoints=("ipc:///run/s", "tcp://127.0.0.1:5000"), port=5000, token="t" * 64, fingerprint="SHA"
)
HERE = parse_endpoint("tcp://127.0.0.1:5000")


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("DRAGGAND_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def beside() -> Path:
    return connection_file().parent / "draggand.sock"


def test_what_is_published_is_found_while_it_lasts() -> None:
    with published(FACTS, beside=beside()):
        found = read_connection_file(connection_file())
        assert found is not None and found.pid == os.getpid()
        assert (found.endpoints, found.port, found.token) == (FACTS.endpoints, 5000, FACTS.token)
        assert connection_file().stat().st_mode & 0o777 == 0o600
        assert connection_file().parent.stat().st_mode & 0o777 == 0o700
    assert read_connection_file(connection_file()) is None


def test_the_token_is_for_the_daemons_own_loopback_address_only() -> None:
    with published(FACTS, beside=beside()):
        found = loopback_credentials(HERE)
        assert found is not None and (found.user, found.password) == ("loopback", FACTS.token)
        for other in ("tcp://127.0.0.1:5001", "ipc:///run/s", "ssh://box"):
            assert loopback_credentials(parse_endpoint(other)) is None
    assert loopback_credentials(HERE) is None


def test_each_start_has_a_token_of_its_own() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100 and all(len(token) == 64 for token in tokens)


def test_a_token_is_in_no_repr() -> None:
    assert FACTS.token not in repr(FACTS)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_file_that_others_can_read_is_refused(mode: int) -> None:
    with published(FACTS, beside=beside()):
        connection_file().chmod(mode)
        with pytest.raises(AccessRefused, match="open to other users"):
            loopback_credentials(HERE)


def test_a_file_in_a_folder_that_others_can_enter_is_refused() -> None:
    with published(FACTS, beside=beside()):
        connection_file().parent.chmod(0o755)
        with pytest.raises(AccessRefused):
            loopback_credentials(HERE)
        connection_file().parent.chmod(0o700)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    with published(FACTS, beside=beside()):
        connection_file().rename(tmp_path / "elsewhere")
        connection_file().symlink_to(tmp_path / "elsewhere")
        assert loopback_credentials(HERE) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 5000,
        '{"port": "5000"}',
        '{"port": 5000, "token": 7}',
        '{"port": 70000, "token": "t"}',
        '{"port": true, "token": "t"}',
        '{"endpoints": [1]}',
        json.dumps({"port": 5000, "token": "t" * 300}),
        "\x00" * 100_000,
    ],
)
def test_garbage_is_as_good_as_nothing(text: str) -> None:
    with published(FACTS, beside=beside()):
        connection_file().write_text(text)
        assert loopback_credentials(HERE) is None


def test_the_file_of_a_daemon_that_took_over_is_left_alone() -> None:
    with published(FACTS, beside=beside()):
        connection_file().write_text(json.dumps({"pid": 1, "port": 6000, "token": "other"}))
    assert connection_file().exists()


def test_a_file_that_others_had_opened_up_is_replaced(tmp_path: Path) -> None:
    connection_file().parent.mkdir(mode=0o700)
    connection_file().write_text("planted")
    connection_file().chmod(0o666)
    with published(FACTS, beside=beside()):
        assert loopback_credentials(HERE) is not None


def test_without_unix_sockets_the_default_address_is_in_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    assert default_endpoint() == "tcp://127.0.0.1:7417"
    with published(FACTS, beside=beside()):
        assert default_endpoint() == "tcp://127.0.0.1:5000"


class LoopbackDaemon:
    """A real door on 127.0.0.1 that has left its file; each one has a new token."""

    def __init__(self, port: int | None = None) -> None:
        self.worker = InProcessWorker(FakeEngine())
        token = new_token()
        self.door = Door(self.worker, Config(), version="0", token=token)
        self.port = self.door.bind_loopback(port)
        self._file = published(ConnectionFile(port=self.port, token=token), beside=beside())
        self._file.__enter__()
        self._thread = threading.Thread(target=self.door.serve)
        self._thread.start()

    def end(self) -> None:
        self.door.end()
        self._thread.join(8)
        self.worker.release()
        self._file.__exit__(None, None, None)


def test_a_client_logs_in_by_the_file_and_again_after_a_restart_with_another_token() -> None:
    daemon = LoopbackDaemon()
    program = Program(f"tcp://127.0.0.1:{daemon.port}")
    try:
        assert program.open().session
        daemon.end()
        program.event(Lost)
        daemon = LoopbackDaemon(daemon.port)
        program.event(Connected)
    finally:
        program.close()
        daemon.end()


def test_a_client_without_the_file_does_not_come_in() -> None:
    daemon = LoopbackDaemon()
    connection_file().rename(connection_file().with_suffix(".away"))
    program = Program(f"tcp://127.0.0.1:{daemon.port}")
    try:
        assert "logging in" in program.event(Lost).error.sentence
        assert program.client.welcome is None
    finally:
        program.close()
        daemon.end()
