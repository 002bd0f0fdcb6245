"""Reaching a daemon elsewhere, with a stand-in for ssh that runs the far command here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_wire.client import Client, Connected, Lost, Refused
from draggan_wire.messages import Close, Envelope, Error, Image, Open, Ping, Pong, Welcome, decode
from draggan_wire.ssh_address import parse_ssh
from draggan_wire.tunnel import ssh_command

from .far_machine import Far, hear, is_gone, met, trouble, wait_until, welcome
from .zmq_router import Router


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    one = Far(tmp_path, monkeypatch)
    yield one
    one.close()


def test_a_daemon_elsewhere_is_met_through_ssh(far: Far) -> None:
    with Router(far.endpoint, welcome):
        client = far.client()
        assert met(client) == Connected(Welcome(1, "test", "none"))
        number = client.send(Ping())
        assert hear(client, lambda e: isinstance(e, Envelope)) == Envelope(Pong(), re=number)
    arguments = (far.folder / "arguments").read_text().splitlines()
    assert arguments[-3:] == ["--", "box", f"exec {far.draggand} connect"]
    assert arguments[-7:-3] == ["-l", "anna", "-p", "2222"]
    assert "BatchMode=yes" in arguments and "ControlMaster=no" in arguments


def test_without_a_path_the_far_side_looks_for_draggand(far: Far) -> None:
    with Router(far.endpoint, welcome):
        met(far.client("ssh://box"))  # `draggand` is on the PATH
    assert (far.folder / "arguments").read_text().splitlines()[-3:-1] == ["--", "box"]


def test_draggand_is_found_where_only_a_login_shell_looks(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    (far.folder / "elsewhere").mkdir()
    far.draggand.rename(far.folder / "elsewhere" / "draggand")
    profile = f"echo Welcome to this machine\nPATH={far.folder}/elsewhere:$PATH\n"
    (far.folder / ".profile").write_text(profile)
    monkeypatch.setenv("HOME", str(far.folder))
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("PATH", f"{far.folder}/bin:/usr/bin:/bin")
    with Router(far.endpoint, welcome):
        met(far.client("ssh://box"))


def test_the_far_command_needs_no_quoting_by_any_login_shell() -> None:
    *_, command = ssh_command(parse_ssh("box"))
    script = command[len("sh -c '") : -1]
    assert command == f"sh -c '{script}'"
    assert not set(script) & set("'\\!\n")


def test_an_eight_megabyte_picture_passes_whole(far: Far) -> None:
    with Router(far.endpoint, welcome):
        client = far.client()
        met(client)
        client.send(Open("m", image=Image("gray8", 2048, 4096, bytes(2048 * 4096))))
        event = hear(client, lambda e: isinstance(e, Envelope))
    assert isinstance(event, Envelope) and isinstance(event.message, Error)
    assert event.message.sentence == f"{2048 * 4096} bytes"


def test_what_the_far_shell_says_first_is_passed_over(far: Far) -> None:
    far.script("draggand", f"echo Last login: never; printf draggand-str; {far.program()}")
    with Router(far.endpoint, welcome):
        met(far.client())


def test_a_far_side_that_only_chatters_is_given_up(far: Far) -> None:
    far.script("draggand", "exec yes")
    event = trouble(far.client())
    assert isinstance(event, Lost) and "no draggand answers" in event.error.sentence


def test_a_flood_on_standard_error_does_not_keep_the_client(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan_wire.connection.TUNNEL_OPENING", 0.2)
    far.ssh("exec yes >&2")
    assert isinstance(trouble(far.client()), Lost)


def test_without_ssh_the_user_is_told_what_to_install(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(far.folder / "run"))
    event = trouble(far.client())
    assert isinstance(event, Refused) and "openssh-client" in event.error.hint


def test_a_refused_login_is_told_and_not_repeated_soon(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan_wire.client.PAUSE_AFTER_REFUSAL", 0.01)
    far.ssh('echo "anna@box: Permission denied (publickey)." >&2; exit 255')
    client = far.client()
    event = trouble(client)
    assert isinstance(event, Refused) and "ssh says: anna@box: Permission" in event.error.sentence
    time.sleep(0.5)
    assert len(far.pids()) == 1


def test_the_far_daemons_own_words_arrive(far: Far) -> None:
    far.socket.parent.chmod(0o755)
    event = trouble(far.client())
    assert isinstance(event, Refused)
    assert event.error.sentence.startswith("On anna@box: The folder")


def test_much_noise_on_standard_error_blocks_nothing(far: Far) -> None:
    noise = "head -c 300000 /dev/zero | tr '\\0' x >&2; "
    far.script("draggand", noise + far.program())
    with Router(far.endpoint, welcome):
        client = far.client()
        met(client)


def test_a_killed_ssh_is_started_again(far: Far) -> None:
    with Router(far.endpoint, welcome):
        client = far.client()
        met(client)
        os.kill(far.pids()[0], signal.SIGKILL)
        assert isinstance(trouble(client), Lost)
        met(client)
        assert len(far.pids()) == 2


def test_closing_ends_ssh_and_is_quick(far: Far) -> None:
    with Router(far.endpoint, welcome):
        client = Client(far.address)
        met(client)
        begin = time.monotonic()
        client.close()
        assert time.monotonic() - begin < 1.2
        assert is_gone(far.pids()[0])


def test_what_was_sent_last_still_arrives(far: Far) -> None:
    with Router(far.endpoint, welcome) as router:
        client = Client(far.address)
        met(client)
        client.send(Close("s"))
        client.close()
        assert wait_until(lambda: decode(router.received[-1]).message == Close("s"))


def test_an_ssh_that_hangs_is_ended_by_closing(far: Far) -> None:
    far.ssh("trap '' TERM; while :; do sleep 0.05; done")
    client = Client(far.address)
    assert wait_until(lambda: bool(far.pids()))
    begin = time.monotonic()
    client.close()
    assert time.monotonic() - begin < 1.5
    assert is_gone(far.pids()[0])


def test_an_opening_that_takes_too_long_is_given_up(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan_wire.connection.TUNNEL_OPENING", 0.2)
    far.ssh("exec sleep 60")
    event = trouble(far.client())
    assert isinstance(event, Lost) and "no draggand answers" in event.error.sentence


def test_ssh_ends_when_the_editor_is_killed(far: Far) -> None:
    code = f"""
        import time
        from draggan_wire.client import Client
        client = Client({far.address!r})
        while not client.poll(0.1): pass
        print("met", flush=True)
        time.sleep(60)
    """
    with Router(far.endpoint, welcome):
        editor = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
        )
        assert editor.stdout is not None
        with editor.stdout:
            assert editor.stdout.readline() == "met\n"
            (ssh,) = far.pids()
            assert not is_gone(ssh)
            editor.kill()
            editor.wait()
        assert wait_until(lambda: is_gone(ssh))


def test_in_a_sandbox_without_ssh_another_build_is_advised(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLATPAK_ID", "org.kde.krita")
    monkeypatch.setenv("PATH", str(far.folder / "run"))
    event = trouble(far.client())
    assert isinstance(event, Refused) and "sandbox" in event.error.sentence


def test_ssh_does_not_get_the_libraries_of_a_bundled_editor(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPDIR", "/tmp/.mount_krita")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/tmp/.mount_krita/usr/lib:/opt/lib")
    with Router(far.endpoint, welcome):
        met(far.client())
    assert (far.folder / "libraries").read_text() == "/opt/lib\n"


def test_where_there_is_no_way_to_hand_ssh_a_stream_it_is_said(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan_wire.tunnel.STREAMS", False)
    event = trouble(far.client())
    assert isinstance(event, Refused) and "on this system yet" in event.error.sentence
