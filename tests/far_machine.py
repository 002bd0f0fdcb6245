"""The other machine of the ssh tests: a folder, a draggand in it, and a stand-in `ssh` on PATH."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_wire.client import Client, Connected, Event, Lost, Refused
from draggan_wire.messages import (
    Error,
    Hello,
    Message,
    Open,
    Ping,
    Pong,
    Welcome,
    decode,
    encode,
)

from .zmq_router import Multipart

PATIENCE = 20.0


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

    def close(self) -> None:
        for client in self.clients:
            client.close()

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


def hear(client: Client, wanted: Callable[[Event], bool]) -> Event:
    end = time.monotonic() + PATIENCE
    heard: list[Event] = []
    while time.monotonic() < end:
        event = client.next(0.1)
        if event is None:
            continue
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
