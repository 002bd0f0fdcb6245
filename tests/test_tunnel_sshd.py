"""Reaching a daemon through OpenSSH: an sshd on loopback with keys and settings of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_wire.client import Connected, Lost, Refused
from draggan_wire.messages import Envelope, Image, Open

from .far_machine import Far, hear, met, trouble, wait_until, welcome
from .zmq_router import Router

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    one = Far(tmp_path, monkeypatch)
    yield one
    one.close()


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
    far.close()
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
