"""Where a bench takes place: a painting daemon in a folder of its own, and every way to reach it.

Nothing of the user's own settings, keys, sockets or journal is touched. Standard library and wire.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from draggan_wire.client import Client
from draggan_wire.connection_file import LOOPBACK_USER, read_connection_file
from draggan_wire.errors import NoDaemon
from draggan_wire.zmtp import Credentials

from .jpeg import decode_jpeg
from .link import LinkSpeed
from .link_process import LinkProcess

WAYS = ("ipc", "loopback", "stream", "curve")
STARTING = 20.0  # seconds
_PROGRAM = [sys.executable, "-m", "draggan_daemon"]


@dataclass(frozen=True)
class Way:
    """How a client gets to the daemon."""

    endpoint: str
    credentials: Credentials | None = None

    def client(self) -> Client:
        name = "draggand bench"
        return Client(self.endpoint, name=name, credentials=self.credentials, jpeg=decode_jpeg)


class Stand:
    """A daemon that can be killed and started again. A context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._daemon: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Stand:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="dgb")))
        self.socket = self.folder / "run" / "d.sock"
        self._port = _free_port()
        homes = {f"XDG_{name}_HOME": str(self.folder) for name in ("CONFIG", "STATE", "DATA")}
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("DRAGGAND_")},
            **homes,
            "XDG_RUNTIME_DIR": str(self.folder),
        }
        self._program("invite", "guest", "--host", "127.0.0.1")  # a remote door needs a guest
        self._stack.callback(self.kill)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def pid(self) -> int:
        assert self._daemon is not None
        return self._daemon.pid

    def start(self) -> None:
        settings = {
            "endpoint": f"ipc://{self.socket}",
            "journal.folder": self.folder / "journal",
            "loopback.port": -1,
            "remote.listen": f"127.0.0.1:{self._port}",
        }
        command = [sys.executable, "-m", "draggan_daemon.bench.daemon"]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                command, stdout=log, stderr=log, env=self._environment, cwd=self.folder
            )
        self._wait_for(self.socket)

    def kill(self) -> None:
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()

    @contextmanager
    def way(self, name: str, speed: LinkSpeed | None) -> Iterator[Way]:
        """The way of that name (one of WAYS), over a link of that speed or straight."""
        with ExitStack() as stack:
            target = f"ipc://{self.socket}"
            credentials = None
            if name == "loopback":
                target, credentials = self._loopback()
            elif name == "curve":
                target = f"tcp://127.0.0.1:{self._port}"
            if speed is not None:
                address = f"ipc://{self.folder}/link" if name in ("ipc", "stream") else _ANY_PORT
                link = LinkProcess(address, target, speed)
                stack.callback(link.close)
                target = link.address
            if name == "curve":
                target = stack.enter_context(self._relay(target, slow=speed is not None))
            elif name == "stream":
                target = stack.enter_context(self._ssh(target))
            yield Way(target, credentials)

    def _loopback(self) -> tuple[str, Credentials]:
        facts = read_connection_file(self.socket.parent / "connection.json")
        if facts is None:
            raise NoDaemon("The daemon has left no connection file.", hint="See its log.")
        return f"tcp://127.0.0.1:{facts.port}", Credentials(LOOPBACK_USER, facts.token)

    @contextmanager
    def _relay(self, target: str, *, slow: bool) -> Iterator[str]:
        """`draggand relay`, to which the target's address is the daemon's."""
        name, host = "slow" if slow else "straight", target[len("tcp://") :]
        line = self._program("invite", name, "--host", host).strip()
        place = self.folder / f"relay-{name}" / "d.sock"
        own = {"XDG_CONFIG_HOME": str(place.parent)}  # another computer has keys of its own
        with (self.folder / "relay-log").open("ab") as log:
            relay = subprocess.Popen(
                [*_PROGRAM, "relay", line, "--endpoint", f"ipc://{place}"],
                stdout=log,
                stderr=log,
                env={**self._environment, **own},
            )
        try:
            self._wait_for(place)
            yield f"ipc://{place}"
        finally:
            relay.terminate()
            relay.wait()

    @contextmanager
    def _ssh(self, target: str) -> Iterator[str]:
        """An `ssh` on the search path that is none: what it would run at the far end, here."""
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        command = shlex.join([*_PROGRAM, "connect", "--endpoint", target])
        (programs / "ssh").write_text(f"#!/bin/sh\nexec {command}\n")
        (programs / "ssh").chmod(0o755)
        before = os.environ.get("PATH", "")
        os.environ["PATH"] = f"{programs}{os.pathsep}{before}"
        try:
            yield "ssh://far"
        finally:
            os.environ["PATH"] = before

    def _program(self, *arguments: str) -> str:
        done = subprocess.run(
            [*_PROGRAM, *arguments], env=self._environment, capture_output=True, text=True
        )
        if done.returncode:
            raise NoDaemon(f"draggand {arguments[0]} failed: {done.stderr.strip()[:500]}")
        return done.stdout

    def _wait_for(self, path: Path) -> None:
        deadline = time.monotonic() + STARTING
        while not _answers(path):
            if time.monotonic() > deadline:
                name = "log" if path == self.socket else "relay-log"
                log = (self.folder / name).read_text(errors="replace")
                raise NoDaemon(f"Nobody answers at {path}.", hint=f"The log ends: {log[-500:]}")
            time.sleep(0.02)


_ANY_PORT = "tcp://127.0.0.1:0"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
