"""A front door that serves in a thread, its clients, and what tests of it have in common."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import zmq
from draggan_daemon.config import Config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.worker import SessionWorker
from draggan_wire.messages import (
    FROM_DAEMON,
    Drag,
    Envelope,
    Error,
    Hello,
    Image,
    Limits,
    Open,
    Opened,
    Ready,
    State,
    Welcome,
    decode,
    encode,
)

from .fake_engine import FakeEngine

M = TypeVar("M")
PATIENCE = 15.0
RGB = Image("rgb8", 8, 6, bytes(8 * 6 * 3))


class Client:
    """A DEALER that keeps what it hears."""

    def __init__(self, context: zmq.Context, endpoint: str) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.heard: list[Envelope] = []
        self._requests = 0

    def send(self, message: Any) -> int:
        self._requests += 1
        self.socket.send_multipart(encode(message, request=self._requests))
        return self._requests

    def raw(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def receive(self, *, seconds: float = 5.0) -> Envelope:
        assert self.socket.poll(seconds * 1000), f"silence after {self.heard[-5:]}"
        self.heard.append(decode(self.socket.recv_multipart(), ops=FROM_DAEMON))
        return self.heard[-1]

    def ask(self, message: Any, kind: type[M]) -> M:
        """Send, and read on until the answer of that kind to this very request."""
        request = self.send(message)
        while True:
            answer = self.receive()
            if answer.re == request and isinstance(answer.message, (kind, Error)):
                assert isinstance(answer.message, kind), answer.message
                return answer.message

    def wait(self, kind: type[M]) -> M:
        """Read on until a message of that kind; signs of life come for ever."""
        deadline = time.monotonic() + PATIENCE
        while not isinstance(message := self.receive().message, kind):
            assert time.monotonic() < deadline, f"no {kind.__name__} after {self.heard[-5:]}"
        return message

    def hello(self, **how: Any) -> Welcome:
        return self.ask(Hello(protocols=(1,), client="test 1", **how), Welcome)

    def open(self) -> Opened:
        opened = self.ask(Open("tiny", image=RGB), Opened)
        self.wait(Ready)
        return opened

    def of(self, kind: type[M]) -> list[M]:
        return [e.message for e in self.heard if isinstance(e.message, kind)]

    def close(self) -> None:
        self.socket.close()


class House:
    """A door that serves in a thread, and its clients."""

    def __init__(self, path: Path, worker: SessionWorker, config: Config, **how: Any) -> None:
        self.worker = worker
        self.door = Door(worker, config, version="0", **how)
        self.endpoint = f"ipc://{path}"
        self.door.bind_local(path)
        self.thread = threading.Thread(target=self.door.serve)
        self.thread.start()
        self.context = zmq.Context()
        self.clients: list[Client] = []

    @property
    def engine(self) -> FakeEngine:
        assert isinstance(self.worker, InProcessWorker)
        engine = self.worker._engine
        assert isinstance(engine, FakeEngine)
        return engine

    def client(self, *, greet: bool = True) -> Client:
        client = Client(self.context, self.endpoint)
        self.clients.append(client)
        if greet:
            client.hello()
        return client

    def end(self) -> None:
        self.door.end()
        self.thread.join(12)
        assert not self.thread.is_alive() and self.worker.ended()
        self.worker.release()
        for client in self.clients:
            client.close()
        self.context.term()


Build = Callable[..., House]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    houses: list[House] = []

    def begin(
        *,
        limits: Limits | None = None,
        config: Config | None = None,
        lease: float = 900.0,
        idle_exit: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        **engine: Any,
    ) -> House:
        settings = replace(
            config or Config(), limits=limits or Limits(), lease=lease, idle_exit=idle_exit
        )
        worker = InProcessWorker(FakeEngine(**engine))
        houses.append(House(tmp_path / "d.sock", worker, settings, clock=clock))
        return houses[-1]

    yield begin
    for house in houses:
        house.end()


def drag(opened: Opened, **how: Any) -> Drag:
    return Drag(opened.session, ((1, 1),), ((3, 3),), **how)


def begin_dragging(client: Client, opened: Opened) -> None:
    client.send(drag(opened))
    while client.wait(State).state != "dragging":
        pass


def eventually(true: Callable[[], bool], *, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def refused(client: Client, message: Any) -> Error:
    request = client.send(message)
    while (answer := client.receive()).re != request:
        pass
    assert isinstance(answer.message, Error)
    assert answer.message.sentence and answer.message.hint
    return answer.message
