"""A slow link between the client and libzmq's ROUTER: what is large must not look like death."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from draggan_daemon.bench.link import Link as SlowLink
from draggan_daemon.bench.link import LinkSpeed
from draggan_wire.client import Client, Connected, Event, Lost
from draggan_wire.messages import (
    Blob,
    Envelope,
    Hello,
    Image,
    Message,
    Open,
    Ping,
    Pong,
    Save,
    Saved,
    State,
    Stop,
    Welcome,
    decode,
    encode,
)
from draggan_wire.parts import Assembler, split

from .zmq_router import Multipart, Router

MEGABYTE = 1 << 20
PICTURE = Image("rgba8", 2048, 1024, bytes(range(256)) * (8 << 12))
FEATURES = ("acks", "parts", "link")


@dataclass
class FarDaemon:
    """Welcomes, takes pictures in and gives eight megabytes back, all of it in parts."""

    features: tuple[str, ...] = FEATURES
    heard: list[tuple[float, Message]] = field(default_factory=list)
    assembler: Assembler = field(default_factory=lambda: Assembler(1 << 28))

    def __call__(self, frames: Multipart) -> Iterator[Multipart]:
        whole = self.assembler.take(frames)
        if whole is None:
            return
        envelope = decode(whole)
        self.heard.append((time.monotonic(), envelope.message))
        for answer in self.answers(envelope.message):
            for part in split(encode(answer, reply=envelope.id)):
                yield [bytes(frame) for frame in part]

    def answers(self, message: Message) -> list[Message]:
        if isinstance(message, Hello):
            return [Welcome(1, "test", "none", features=self.features)]
        if isinstance(message, Save):
            return [Saved("s", Blob(bytes(8 * MEGABYTE)), 0)]
        if isinstance(message, Stop):
            return [State(message.session, "stopping")]
        return [Pong()] if isinstance(message, Ping) else []

    def time_of(self, kind: type[Any]) -> float | None:
        return next((when for when, message in self.heard if isinstance(message, kind)), None)


Start = Callable[..., tuple[FarDaemon, Client]]


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    """A client of a daemon behind a link of one megabyte per second with so large a queue."""
    ending: list[Callable[[], None]] = []

    def start_one(*, queue: int) -> tuple[FarDaemon, Client]:
        daemon = FarDaemon()
        router = Router("tcp://127.0.0.1:*", daemon, heartbeat=1000)
        speed = LinkSpeed(bits_per_second=8.0 * MEGABYTE, delay=0.005, queue=queue)
        link = SlowLink(f"ipc://{tmp_path}/slow", router.endpoint, speed)
        client = Client(link.address)
        ending.extend([client.close, link.close, router.close])
        assert any(isinstance(event, Connected) for event in client.poll(5))
        return daemon, client

    yield start_one
    for end in ending:
        end()


def wait(client: Client, until: Callable[[list[Event]], bool], seconds: float) -> list[Event]:
    found: list[Event] = []
    end = time.monotonic() + seconds
    while not until(found):
        assert time.monotonic() < end, f"only {[type(event).__name__ for event in found]} came"
        found += client.poll(0.05)
        assert not any(isinstance(event, Lost) for event in found)
    return found


@pytest.mark.slow
def test_eight_megabytes_each_way_at_once_never_look_like_a_dead_peer(start: Start) -> None:
    daemon, client = start(queue=256 * 1024)
    before = time.monotonic()
    client.send(Save("s"))
    client.send(Open(model="m", image=PICTURE))
    events = wait(client, lambda found: any(is_a(Saved, e) for e in found), 60)
    wait(client, lambda found: daemon.time_of(Open) is not None, 60)
    assert time.monotonic() - before > 7
    (opening,) = [message for _, message in daemon.heard if isinstance(message, Open)]
    assert opening.image == PICTURE
    assert len([message for _, message in daemon.heard if isinstance(message, Hello)]) == 1
    assert [e.message.data.data for e in events if is_a(Saved, e)] == [bytes(8 * MEGABYTE)]
    assert 0.5 * MEGABYTE < client._meter.bytes_per_second < 1.5 * MEGABYTE


@pytest.mark.parametrize("queue", [64 * 1024, 4 * MEGABYTE])
def test_a_stop_passes_a_large_upload_however_much_the_way_swallows(
    start: Start, queue: int
) -> None:
    daemon, client = start(queue=queue)
    client.send(Open(model="m", image=PICTURE))
    time.sleep(1.5)  # the pace is found
    delays = []
    for _ in range(3):
        daemon.heard.clear()
        before = time.monotonic()
        client.send(Stop("s"))
        wait(client, lambda found: any(is_a(State, e) for e in found), 5)
        stopped = daemon.time_of(Stop)
        assert stopped is not None and daemon.time_of(Open) is None
        delays.append(stopped - before)
    assert sorted(delays)[1] < 0.26, delays  # what a part of 256 KiB takes


def is_a(kind: type[Any], event: Event) -> bool:
    return isinstance(event, Envelope) and isinstance(event.message, kind)
