"""Messages between processes: whole, in order, without nonsense, and never in the door's way."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest
from draggan_daemon.child import ChildWorker
from draggan_daemon.pipe import MAGIC, Pipe, PipeBroken
from draggan_daemon.pipe_messages import (
    pack,
    pack_event,
    pack_restore,
    unpack,
    unpack_event,
    unpack_restore,
)
from draggan_daemon.worker import Event, Record, Snapshot
from draggan_wire.messages import Drag, Error, Frame, Image, Open, Progress

from .child_engine import command
from .fake_engine import MODEL

Pair = tuple[Pipe, Pipe]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    yield one, other
    one.close()
    other.close()


def test_buffers_of_all_sizes_arrive_as_they_were(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    chance = random.Random(1)
    sizes = [[], [0], [1, 0, 70_000], [3_000_000], [chance.randrange(50) for _ in range(3000)]]
    sent = [[chance.randbytes(size) for size in message] for message in sizes]
    one, other = map(Pipe, ends)
    writer = threading.Thread(target=lambda: [one.send(message) for message in sent])
    writer.start()
    assert [[bytes(b) for b in other.receive()] for _ in sent] == sent
    writer.join()


def test_messages_of_many_threads_are_not_mixed(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    one, other = map(Pipe, ends)

    def speak(letter: bytes) -> None:
        for _ in range(20):
            one.send([letter, letter * 100_000])

    threads = [threading.Thread(target=speak, args=(bytes([65 + k]),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(80):
        letter, much = other.receive()
        assert bytes(much) == bytes(letter) * 100_000
    for thread in threads:
        thread.join()


def test_a_closed_end_is_the_end(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = Pipe(ends[0]), Pipe(ends[1])
    ends[0].sendall(MAGIC + struct.pack("<IQ", 1, 100) + b"only this")
    one.shut()
    with pytest.raises(EOFError):
        other.receive()
    with pytest.raises(OSError):
        one.send([b"x"])


def test_the_wait_ticks_also_within_a_message(ends: tuple[socket.socket, socket.socket]) -> None:
    class Enough(Exception):
        pass

    def tick() -> None:
        raise Enough

    ends[0].sendall(MAGIC + struct.pack("<IQ", 1, 100) + b"only this")
    with pytest.raises(Enough):
        Pipe(ends[1]).receive(tick, every=0.01)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        MAGIC + struct.pack("<I", 1 << 20),
        MAGIC + struct.pack("<IQ", 1, 1 << 50),
    ],
)
def test_nonsense_is_refused_before_memory_is_taken(
    ends: tuple[socket.socket, socket.socket], garbage: bytes
) -> None:
    ends[0].sendall(garbage)
    with pytest.raises(PipeBroken):
        Pipe(ends[1]).receive()


PICTURE = Image("rgb8", 2, 2, bytes(range(12)))
EVENTS = [
    Event("a", None, 3, record=Record(step=4), ends_job=True),
    Event("a", Error("code", "Sentence.", "Hint.", "a"), None, ends_session=True, seconds=1.5),
    Event("b", Progress("b", "inverting", 1, 2), 9),
    Event("c", Frame("c", 1, "kept", 5, PICTURE, ((1.0, 2.0),)), 1 << 40, seconds=0.25),
    Event("c", Frame("c", 1, "kept", 5, PICTURE), 2, record=Record(b"base", 0, b"", b"", 7)),
    Event("c", None, 2, record=Record(latent=b"l", resume=b"r")),
]


@pytest.mark.parametrize("event", EVENTS)
def test_events_come_through_as_they_were(event: Event) -> None:
    op, head, rest = unpack([bytes(buffer) for buffer in pack_event(event, 12)])
    assert op == "event" and unpack_event(head, rest) == (event, 12)


def test_what_the_engine_may_not_say_becomes_an_error() -> None:
    odd = Event("a", Frame("a", 0, "kept", 5, PICTURE), 4)
    event, _ = unpack_event(*unpack(pack_event(odd, 1))[1:])
    assert isinstance(event.message, Error) and event.message.session == "a" and event.re == 4


def test_snapshots_come_through_as_they_were() -> None:
    steps = tuple((index, bytes([index % 256]) * (index % 50)) for index in range(1000))
    mask = Image("gray8", 2, 2, bytes(4))
    drag = Drag("a", ((1, 1),), ((3, 3),), mask=mask, keep_every=2)
    for snapshot in (
        Snapshot(b"base", (), 0),
        Snapshot(b"base", steps, 999, drag, 4, b"adam", 8, 77, "tiny"),
        Snapshot(b"", steps[:1], 0, drag, 0, None),
    ):
        op, head, rest = unpack(pack_restore("a", snapshot, 3, 1))
        assert op == "restore" and unpack_restore(head, rest) == snapshot


def test_mutated_events_are_events_or_refused() -> None:
    chance = random.Random(3)
    for _ in range(4000):
        buffers = [bytearray(b) for b in pack_event(chance.choice(EVENTS), 12)]
        for _ in range(chance.randrange(1, 4)):
            victim = chance.choice(buffers)
            if victim:
                victim[chance.randrange(len(victim))] = chance.randrange(256)
            if chance.random() < 0.1:
                buffers.remove(victim)
            if not buffers:
                break
        try:
            op, head, rest = unpack(buffers)
            if op == "event":
                unpack_event(head, rest)
        except PipeBroken:
            pass


def test_heads_of_the_wrong_shape_are_refused() -> None:
    for head in ([], 5, {}, {"op": 1}, {1: 2, "op": "event"}):
        with pytest.raises(PipeBroken):
            unpack([msgpack.packb(head)])
    with pytest.raises(PipeBroken):
        unpack([])
    for record in (5, {"has": "bb"}, {"has": "x"}, {"has": "blr"}, {"has": "", "step": -1}):
        with pytest.raises(PipeBroken):
            unpack_event(*unpack(pack("event", session="a", stay=1, record=record))[1:])


def test_large_pictures_never_keep_the_door_waiting(tmp_path: Path) -> None:
    worker = ChildWorker(command(tmp_path / "counts.json"), name="test", models=lambda: (MODEL,))
    large = Image("rgba8", 1 << 13, 1 << 12, bytearray(1 << 27))
    try:
        longest = 0.0
        for session in "abc":
            begin = time.perf_counter()
            worker.open(session, Open("tiny", image=large), 1)
            longest = max(longest, time.perf_counter() - begin)
        assert longest < 0.1
        begin, ready = time.monotonic(), set()
        while len(ready) < 3:
            assert time.monotonic() < begin + 30
            time.sleep(0.01)
            ready |= {e.session for e in worker.events() if isinstance(e, Event) and e.ends_job}
    finally:
        worker.end()
        worker.release()
