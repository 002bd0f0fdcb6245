"""Addresses, and the socket folder that must be ours alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from draggan_wire.endpoint import (
    Endpoint,
    check_socket_folder,
    default_endpoint,
    lasting_endpoint,
    make_socket_folder,
    parse_endpoint,
)
from draggan_wire.errors import AccessRefused, BadInput
from draggan_wire.ssh_address import SshHost


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DRAGGAND_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def leave_a_lasting_socket() -> Path:
    place = Path(lasting_endpoint()[len("ipc://") :])
    make_socket_folder(str(place))
    place.touch()
    return place


def test_the_runtime_folder_is_the_default_place(tmp_path: Path) -> None:
    assert default_endpoint() == f"ipc://{tmp_path}/draggand/draggand.sock"


@pytest.mark.parametrize("runtime", ["", "relative", "/does/not/exist"])
def test_without_a_runtime_folder_it_is_one_per_user_among_temporary_files(
    runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert default_endpoint().endswith(f"/draggand-{os.getuid()}/draggand.sock")


def test_a_daemon_that_an_ssh_login_has_left_is_found_by_everybody(tmp_path: Path) -> None:
    leave_a_lasting_socket()
    assert default_endpoint() == lasting_endpoint()
    (tmp_path / "draggand").mkdir(mode=0o700)
    (tmp_path / "draggand" / "draggand.sock").touch()
    assert default_endpoint() == f"ipc://{tmp_path}/draggand/draggand.sock"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_socket_that_another_user_has_put_there_changes_nothing(tmp_path: Path) -> None:
    os.chown(leave_a_lasting_socket().parent, 12345, 12345)
    assert default_endpoint() == f"ipc://{tmp_path}/draggand/draggand.sock"


def test_the_environment_overrides_with_a_path_or_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRAGGAND_SOCKET", "/run/mine/d.sock")
    assert default_endpoint() == "ipc:///run/mine/d.sock"
    monkeypatch.setenv("DRAGGAND_SOCKET", "tcp://127.0.0.1:5555")
    assert default_endpoint() == "tcp://127.0.0.1:5555"


def test_addresses_are_parsed_and_written_alike() -> None:
    assert parse_endpoint("ipc:///run/d.sock") == Endpoint(path="/run/d.sock")
    assert parse_endpoint("ssh://anna@box") == Endpoint(ssh=SshHost("box", "anna"))
    addresses = ("ipc:///run/d.sock", "tcp://127.0.0.1:5555", "tcp://[::1]:80", "ssh://anna@box:22")
    for address in addresses:
        assert str(parse_endpoint(address)) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/run/d.sock",
        "http://127.0.0.1:80",
        "ipc://relative/d.sock",
        "ipc:///" + "x" * 107,
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:80/",
        "tcp://192.168.1.2:5555",
        "tcp://0.0.0.0:5555",
        "tcp://*:5555",
        "tcp://localhost.evil.org:5555",
        "ssh://-oProxyCommand=touch",
    ],
)
def test_what_is_no_local_address_is_refused_with_a_remedy(address: str) -> None:
    with pytest.raises(BadInput) as error:
        parse_endpoint(address)
    assert error.value.hint


def test_a_folder_that_is_made_is_ours_alone(tmp_path: Path) -> None:
    place = tmp_path / "new" / "s"
    make_socket_folder(str(place))
    assert place.parent.stat().st_mode & 0o777 == 0o700
    check_socket_folder(str(place))


@pytest.mark.parametrize("mode", [0o701, 0o750, 0o777])
def test_a_folder_open_to_others_is_refused(mode: int, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(AccessRefused, match="open to other users"):
        check_socket_folder(str(tmp_path / "s"))


def test_a_link_to_a_folder_is_refused_as_others_could_turn_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(AccessRefused):
        check_socket_folder(str(tmp_path / "link" / "s"))


def test_a_place_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AccessRefused, match="cannot be made"):
        make_socket_folder(str(tmp_path / "file" / "folder" / "s"))
