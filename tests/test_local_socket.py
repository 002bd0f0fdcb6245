"""One daemon per socket, in a directory that nobody else can enter."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from draggan_daemon.config import ConfigError
from draggan_daemon.local_socket import AlreadyServed, claimed, serving_process, socket_path
from draggan_wire.errors import AccessRefused


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "run" / "d.sock"


def leave_a_socket(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(path))


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("tcp://127.0.0.1:5000", "local sockets only"),
        ("tcp://0.0.0.0:5000", "not on this machine"),
        ("ipc://relative.sock", "not absolute"),
        ("ipc:///" + "a" * 120, "too long"),
        ("@abstract", "not understood"),
    ],
)
def test_other_addresses_are_refused_with_a_sentence(address: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as caught:
        socket_path(address)
    assert caught.value.hint


def test_the_directory_is_made_for_its_owner_alone(place: Path) -> None:
    with claimed(place):
        assert place.parent.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_can_enter_is_refused(place: Path) -> None:
    place.parent.mkdir()
    place.parent.chmod(0o755)
    with pytest.raises(AccessRefused, match="open to other users") as caught, claimed(place):
        pass
    assert "mkdir -m 700" in caught.value.hint


def test_a_second_daemon_is_told_of_the_first(place: Path) -> None:
    with (
        claimed(place),
        pytest.raises(AlreadyServed, match="already answers"),
        claimed(place),
    ):
        pass
    with claimed(place):
        pass


def test_a_stale_socket_is_cleared_away(place: Path) -> None:
    leave_a_socket(place)
    assert place.exists()
    with claimed(place):
        assert not place.exists()


def test_a_socket_that_answers_is_never_taken_away(place: Path) -> None:
    place.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place))
        other.listen()
        with pytest.raises(AlreadyServed), claimed(place):
            pass
        assert place.exists()


def test_what_is_no_socket_is_left_alone(place: Path) -> None:
    place.parent.mkdir(mode=0o700)
    place.write_text("a diary")
    with pytest.raises(ConfigError, match="is no socket"), claimed(place):
        pass
    assert place.read_text() == "a diary"


def test_the_lock_tells_who_serves(place: Path) -> None:
    assert serving_process(place) is None
    with claimed(place):
        assert serving_process(place) == os.getpid()
    assert serving_process(place) is None
