"""Commands about who comes from other machines, `relay`, and `draggan` with a tcp:// address."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_daemon.access.access import Access
from draggan_daemon.access.authorized import AuthorizedKey
from draggan_daemon.access.invitations import read_invitation_line
from draggan_daemon.access.keys import CLIENT, SERVER, load_pair, make_pair, own_pair
from draggan_daemon.cli import main
from draggan_daemon.relay.known_servers import KnownServers
from draggan_wire.client import Connected, Lost
from draggan_wire.errors import WireError

from draggan.cli.own_relay import RelayedClient, is_elsewhere
from tests.far_daemon import FarDaemon, Program


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The settings folder of whoever types the commands."""
    for name in [name for name in os.environ if name.startswith("DRAGGAND_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "draggand"


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarDaemon]:
    daemon = FarDaemon(tmp_path)
    yield daemon
    daemon.end()


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert main(arguments) == code
    out, err = capsys.readouterr()
    return out, err


def test_an_invitation_is_one_line_of_output(
    capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    out, err = said(capsys, "invite", "anna", "--host", "box.example:7000", "--days", "2")
    line = read_invitation_line(out)
    assert out.count("\n") == 1 and str(line.remote) == "box.example:7000"
    server = load_pair(settings, SERVER)
    assert server is not None and line.server == server.public
    (invitation,) = Access(settings).invitations
    assert invitation.name == "anna" and 1.9 < (invitation.expires - time.time()) / 86400 < 2.1
    assert "once" in err and "SHA256:" in err and 'listen = "0.0.0.0:7417"' in err
    assert out.rpartition(".")[2].strip() not in err


@pytest.mark.parametrize(
    "arguments",
    [("-rf",), ("anna bell",), ("",), ("anna", "--days", "0"), ("anna", "--days", "400"),
     ("anna", "--host", "no host")],
)  # fmt: skip
def test_what_makes_no_sense_is_a_usage_error(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    try:
        code = main(["invite", *arguments])
    except SystemExit as exit:
        code = int(str(exit.code))
    assert code == 2 and capsys.readouterr().err
    assert not (settings / "invitations").exists()


def test_a_key_is_authorised_listed_and_revoked(
    capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    assert "nobody" in said(capsys, "clients")[0]
    key = make_pair().public
    out, _ = said(capsys, "authorize", "anna", key.hex(), "--max-sessions", "2")
    assert "known_servers" in out and "SHA256:" in out
    said(capsys, "invite", "ben")
    out, _ = said(capsys, "clients")
    assert "anna" in out and "max_sessions=2" in out and "ben" in out and "invited until" in out
    assert key.hex() not in out
    for name in ("anna", "ben"):
        assert "no longer" in said(capsys, "revoke", name)[0]
    assert "nobody" in said(capsys, "clients")[0]
    assert "no key and no invitation" in said(capsys, "revoke", "anna", code=2)[1]


def test_a_key_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "64 hex digits" in said(capsys, "authorize", "anna", "abc", code=2)[1]


def test_keys_are_shown_without_their_secrets(
    capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    for whose in (SERVER, CLIENT):
        out, _ = said(capsys, "key", "show", whose)
        pair = load_pair(settings, whose)
        assert pair is not None and pair.public.hex() in out and "SHA256:" in out
        assert pair.secret.hex() not in out
        assert ("known_servers" in out) == (whose == SERVER)


def test_who_cannot_be_invited_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    _, err = said(capsys, "invite", "an na/..", code=2)
    assert "cannot be a name" in err and load_pair(settings, SERVER) is None


def test_a_rotated_key_ends_the_invitations_that_named_the_old_one(
    capsys: pytest.CaptureFixture[str], settings: Path
) -> None:
    Access(settings).authorize(AuthorizedKey(make_pair().public, "anna"))
    said(capsys, "invite", "ben")
    old = own_pair(settings, SERVER)
    out, err = said(capsys, "key", "rotate")
    new = own_pair(settings, SERVER)
    assert new != old and new.public.hex() in out and "Start the daemon again" in err
    access = Access(settings)
    assert access.invitations == () and [entry.name for entry in access.authorized] == ["anna"]


def test_a_relay_to_nowhere_in_particular_asks_which(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--endpoint", f"ipc://{tmp_path}/run/s")
    assert "Which machine" in said(capsys, "relay", *where, code=2)[1]
    assert "is not known here" in said(capsys, "relay", "box", *where, code=78)[1]
    assert "not whole" in said(capsys, "relay", "draggan://x", *where, code=2)[1]


class RelayProcess:
    """`draggand relay` as an artist starts it."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.place = place
        command = [sys.executable, "-m", "draggan_daemon", "relay", *arguments]
        self.process = subprocess.Popen(
            [*command, "--endpoint", f"ipc://{place}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def program(self) -> Program:
        deadline = time.monotonic() + 20
        while not self.place.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return Program(f"ipc://{self.place}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=10)
        return self.process.returncode, err


def test_an_artist_pastes_the_line_once_and_later_needs_nothing(
    far: FarDaemon, settings: Path, tmp_path: Path
) -> None:
    line = far.invite("anna")
    for arguments in ((str(line),), (), (str(line),)):
        relay = RelayProcess(tmp_path / "run" / "s", *arguments)
        program = relay.program()
        try:
            program.event(Connected, seconds=20)
        finally:
            program.close()
            code, err = relay.end()
        assert code == 0 and "leads to the daemon at" in err, err
        assert str(line).rpartition(".")[2] not in err and "Traceback" not in err
        assert not (tmp_path / "run" / "s").exists()
    own = own_pair(settings, CLIENT)
    assert [entry.key for entry in Access(far.access.folder).authorized] == [own.public]


def test_an_attached_relay_ends_with_its_input(
    far: FarDaemon, settings: Path, tmp_path: Path
) -> None:
    KnownServers(settings).remember(far.remote, far.access.server_pair().public)
    relay = RelayProcess(tmp_path / "run" / "s", "--attached")
    relay.program().close()
    relay.process.communicate(timeout=10)
    assert relay.process.returncode == 0


# `draggan --endpoint tcp://...`


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [
        ("tcp://box:7417", True),
        ("tcp://[2001:db8::1]:7417", True),
        ("tcp://127.0.0.1:7417", False),
        ("tcp://localhost:7417", False),
        ("tcp://[::1]:7417", False),
        ("ipc:///run/s", False),
        ("ssh://box", False),
        (None, False),
    ],
)
def test_only_tcp_of_another_machine_needs_a_relay(address: str | None, elsewhere: bool) -> None:
    assert is_elsewhere(address) == elsewhere


def test_the_command_line_brings_its_own_relay_and_ends_it(far: FarDaemon, settings: Path) -> None:
    own = own_pair(settings, CLIENT)
    far.access.authorize(AuthorizedKey(own.public, "anna"))
    KnownServers(settings).remember(far.remote, far.access.server_pair().public)
    client = RelayedClient(f"tcp://{far.remote}", name="draggan 1")
    process, folder = client._relay._process, client._relay._folder
    try:
        deadline = time.monotonic() + 10
        while client.welcome is None:
            assert time.monotonic() < deadline
            client.poll(0.1)
    finally:
        client.close()
    assert process.poll() is not None and not folder.exists()


def test_a_machine_that_is_not_known_is_said_in_the_relays_words(settings: Path) -> None:
    with pytest.raises(WireError, match="is not known here") as error:
        RelayedClient("tcp://box.example:7417", name="draggan 1")
    assert "draggand relay draggan://" in error.value.hint


def test_a_machine_that_does_not_answer_is_said_too(far: FarDaemon, settings: Path) -> None:
    KnownServers(settings).remember(far.remote, far.access.server_pair().public)
    far.end()
    client = RelayedClient(f"tcp://{far.remote}", name="draggan 1")
    try:
        events = client.poll(10)
        assert isinstance(events[0], Lost) and str(far.remote) in events[0].error.sentence
    finally:
        client.close()
