"""Reaching a daemon through ssh: a stand-in that runs the far command here, and a real sshd."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_wire.client import Client, Connected, Event, Lost, Refused
from draggan_wire.messages import (
    Envelope,
    Error,
    Hello,
    Image,
    Message,
    Open,
    Ping,
    Pong,
    Welcome,
    decode,
    encode,
)
from draggan_wire.ssh_address import parse_ssh
from draggan_wire.tunnel import ssh_command

from .zmq_router import Multipart, Router

PATIENCE = 20.0
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))


class Far:
    """A folder that plays the other machine, and the `ssh` on PATH that leads to it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.socket = folder / "run" / "d.sock"
        self.socket.parent.mkdir(mode=0o700)
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
        self.draggand = self.script("draggand", self.program())
        self.ssh('for last; do :; done; cd / && exec sh -c "$last"')
        self.clients: list[Client] = []

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.socket}"

    @property
    def address(self) -> str:
        return f"ssh://anna@box:2222{self.draggand}"

    def program(self) -> str:
        """What a draggand does whose daemon is at `endpoint`."""
        return f'exec {sys.executable} -m draggan_daemon "$@" --endpoint {self.endpoint}'

    def script(self, name: str, text: str) -> Path:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def ssh(self, text: str) -> None:
        """Every start leaves its process id, its arguments and one variable in files."""
        record = (
            f'echo $$ >>{self.folder}/pids; printf "%s\\n" "$@" >{self.folder}/arguments; '
            f'echo "$LD_LIBRARY_PATH" >{self.folder}/libraries\n'
        )
        self.script("ssh", record + text)

    def client(self, address: str | None = None) -> Client:
        self.clients.append(Client(address or self.address))
        return self.clients[-1]

    def pids(self) -> list[int]:
        found = self.folder / "pids"
        return [int(line) for line in found.read_text().split()] if found.exists() else []


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    one = Far(tmp_path, monkeypatch)
    yield one
    for client in one.clients:
        client.close()


def hear(client: Client, wanted: Callable[[Event], bool]) -> Event:
    end = time.monotonic() + PATIENCE
    heard: list[Event] = []
    while time.monotonic() < end:
        for event in client.poll(0.1):
            heard.append(event)
            if wanted(event):
                return event
    raise AssertionError(f"only {heard} came")


def met(client: Client) -> Event:
    return hear(client, lambda event: isinstance(event, Connected))


def trouble(client: Client) -> Event:
    return hear(client, lambda event: isinstance(event, (Lost, Refused)))


def welcome(frames: Multipart) -> Iterator[Multipart]:
    """The least that a daemon does: it welcomes, and gives back what it gets."""
    envelope = decode(frames)
    answer: Message = envelope.message
    if isinstance(answer, Hello):
        answer = Welcome(1, "test", "none")
    elif isinstance(answer, Ping):
        answer = Pong()
    elif isinstance(answer, Open):
        answer = Error("echo", f"{len(answer.image.data) if answer.image else 0} bytes")
    yield [bytes(part) for part in encode(answer, reply=envelope.id)]


def is_gone(process: int) -> bool:
    """Whether it has ended, reaped or not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True)
    return not state.stdout.strip() or state.stdout.strip().startswith(b"Z")


def wait_until(true: Callable[[], bool], *, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


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


# With OpenSSH itself, on loopback, with keys and settings of its own.


class Machine:
    """An sshd for this user alone, and a `ssh` on PATH that knows its key."""

    def __init__(self, far: Far) -> None:
        self.folder = far.folder / "machine"
        self.folder.mkdir(mode=0o700)
        self.port = _free_port()
        for name in ("host", "user", "stranger"):
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name))
        self.know("host")
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        self.identify("user")
        real = shutil.which("ssh", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin") or "ssh"
        far.ssh(f'exec {real} -F {self.folder}/ssh_config "$@"')
        self.process = self.serve()

    def know(self, key: str) -> None:
        public = " ".join((self.folder / f"{key}.pub").read_text().split()[:2])
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {public}\n")

    def identify(self, key: str) -> None:
        (self.folder / "ssh_config").write_text(
            f"IdentityFile {self.folder}/{key}\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.folder}/known\nGlobalKnownHostsFile /dev/null\n"
        )

    def run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    def serve(self) -> subprocess.Popen[bytes]:
        settings = self.folder / "sshd_config"
        settings.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
        )
        assert SSHD is not None
        process = subprocess.Popen([SSHD, "-D", "-f", str(settings), "-E", f"{settings}.log"])
        if not wait_until(lambda: process.poll() is not None or _listens(self.port)):
            raise AssertionError("sshd does not listen")
        if process.poll() is not None:
            pytest.skip("sshd does not start: " + Path(f"{settings}.log").read_text().strip())
        return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def machine(far: Far) -> Iterator[Machine]:
    if SSHD is None:
        pytest.skip("there is no sshd on this machine")
    one = Machine(far)
    yield one
    for client in far.clients:
        client.close()
    one.process.terminate()
    one.process.wait()


def test_a_real_ssh_leads_to_the_daemon_and_back_after_a_loss(machine: Machine, far: Far) -> None:
    with Router(far.endpoint, welcome):
        client = far.client(f"ssh://127.0.0.1:{machine.port}{far.draggand}")
        met(client)
        client.send(Open("m", image=Image("gray8", 2048, 2048, bytes(2048 * 2048))))
        hear(client, lambda e: isinstance(e, Envelope))
        os.kill(far.pids()[-1], signal.SIGTERM)
        met(client)


def test_a_real_ssh_starts_the_daemon_that_is_not_there(machine: Machine, far: Far) -> None:
    client = far.client(f"ssh://127.0.0.1:{machine.port}{far.draggand}")
    event = met(client)
    assert isinstance(event, Connected) and event.welcome.daemon.startswith("draggand")
    client.close()
    stopped = subprocess.run([str(far.draggand), "stop"], capture_output=True)
    assert stopped.returncode == 0


@pytest.mark.parametrize(
    ("mishap", "words"),
    [
        (lambda machine: machine.identify("stranger"), "does not let this user in"),
        (lambda machine: (machine.folder / "known").unlink(), "does not know 127.0.0.1 yet"),
        (lambda machine: machine.know("stranger"), "shows another key"),
    ],
    ids=["key", "unknown", "changed"],
)
def test_a_real_sshs_refusals_are_told_in_words(
    mishap: Callable[[Machine], None], words: str, machine: Machine, far: Far
) -> None:
    mishap(machine)
    event = trouble(far.client(f"ssh://127.0.0.1:{machine.port}"))
    assert isinstance(event, Refused) and words in event.error.sentence


def test_a_real_ssh_finds_no_draggand_and_no_server(machine: Machine, far: Far) -> None:
    event = trouble(far.client(f"ssh://127.0.0.1:{machine.port}/no/such/draggand"))
    assert isinstance(event, Lost) and "no draggand on 127.0.0.1" in event.error.sentence
    machine.process.terminate()
    machine.process.wait()
    event = trouble(far.client(f"ssh://127.0.0.1:{machine.port}"))
    assert isinstance(event, Lost) and "No ssh server listens" in event.error.sentence
