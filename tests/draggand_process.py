"""`draggand` as a process with a socket of its own, and clients that talk to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from draggan_wire.client import Client, Connected, Event
from draggan_wire.messages import (
    Envelope,
    Error,
    Frame,
)

COMMAND = [sys.executable, "-m", "draggan_daemon"]
PATIENCE = 30.0
_FOLDERS = ("CONFIG", "DATA", "CACHE", "STATE")


def environment(tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("DRAGGAND_")}
    return {**own, **{f"XDG_{name}_HOME": str(tmp_path) for name in _FOLDERS}}


class Draggand:
    """A daemon process and its socket."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.socket = tmp_path / "run" / "d.sock"
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        without = ("models", "--version", "config")
        where = [] if arguments[0] in without else ["--endpoint", self.endpoint]
        return subprocess.run(
            [*COMMAND, *arguments, *where],
            env=environment(self.folder),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.socket}"

    def settings(self, text: str) -> None:
        """The user's own file."""
        folder = self.folder / "draggand"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "config.toml").write_text(text)

    def serve(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--device", "cpu", "--endpoint", self.endpoint, *arguments],
            env={**environment(self.folder), **variables},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def client(self) -> Client:
        """A client that has been welcomed."""
        client = Client(self.endpoint, name="test")
        hear(client, lambda event: isinstance(event, Connected))
        return client

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def hear(client: Client, wanted: Callable[[Event], bool], *, seconds: float = PATIENCE) -> Event:
    """The first event that is wanted; those before it are dropped, those after it are not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        event = client.next(0.1)
        if event is not None and wanted(event):
            return event
    raise AssertionError("nothing of the kind was heard")


def answer_to(client: Client, number: int) -> object:
    event = hear(client, lambda e: isinstance(e, Envelope) and e.re == number)
    assert isinstance(event, Envelope)
    return event.message


def soon(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.02)
    return reached()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Talk:
    """A client that remembers all it hears."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[Envelope] = []

    def send(self, message: object) -> int:
        return self.client.send(message)  # type: ignore[arg-type]

    def until(self, kind: type, *, re: int | None = None, seconds: float = 120.0) -> object:
        deadline = time.monotonic() + seconds
        seen = 0
        while time.monotonic() < deadline:
            for envelope in self.heard[seen:]:
                seen += 1
                assert kind is Error or not isinstance(envelope.message, Error), envelope.message
                if isinstance(envelope.message, kind) and re in (None, envelope.re):
                    return envelope.message
            self.heard += [e for e in self.client.poll(0.1) if isinstance(e, Envelope)]
        raise AssertionError(f"no {kind.__name__} came")

    def frames(self, kind: str, request: int) -> list[Frame]:
        mine = [e.message for e in self.heard if e.re == request]
        return [m for m in mine if isinstance(m, Frame) and m.kind == kind]
