"""Clients that misbehave or vanish: nobody else notices, and nothing of theirs stays."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import pytest
import zmq
from draggan_daemon.bench.measure import Visitor, percentile
from draggan_daemon.bench.painting import mark_of
from draggan_daemon.bench.scene import read_label
from draggan_wire.client import Client, Lost
from draggan_wire.messages import (
    FROM_DAEMON,
    Closed,
    Credit,
    Drag,
    DragSettings,
    Envelope,
    Frame,
    Hello,
    Open,
    Opened,
    Ping,
    Pong,
    Ready,
    SessionKey,
    Stop,
    Welcome,
    decode,
    encode,
)

from .house import ROOT, House, eventually, status

Fault = Callable[[str], None]
MIB = 1 << 20


def round_trips(visitor: Visitor, seconds: float) -> list[float]:
    """Milliseconds of pings, one after the other."""
    found, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        begin = time.monotonic()
        visitor.ask(Ping(), Pong)
        found.append(1000 * (time.monotonic() - begin))
        time.sleep(0.01)
    return found


class Stranger:
    """A pyzmq peer with a session, which does as it is told and no more."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndhwm = 0
        self.socket.rcvhwm = 1
        self.socket.connect(endpoint)
        self.say(Hello((1,), "stranger"))
        self.hear(Welcome)

    def say(self, message: object) -> None:
        self.socket.send_multipart(encode(message, request=1))  # type: ignore[arg-type]

    def hear(self, kind: type) -> object:
        while self.socket.poll(10_000):
            message = decode(self.socket.recv_multipart(), ops=FROM_DAEMON).message
            if isinstance(message, kind):
                return message
        raise AssertionError(f"no {kind.__name__} came")

    def open(self, model: str = "fast") -> str:
        self.say(Open(model, seed=1))
        opened = self.hear(Opened)
        assert isinstance(opened, Opened)
        self.hear(Ready)
        return opened.session


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    found = zmq.Context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # `destroy` closes what is still open
        yield found
        found.destroy(linger=0)
        gc.collect()


def test_a_hundred_vanished_clients_leave_nothing_behind(house: House, fault: Fault) -> None:
    fault("100 clients that vanish while they drag")
    house.start(lease="0.1s", journal__keep="0.1s", limits__max_sessions=256)
    watcher = house.visit()
    vanish(house, 15)
    settle(house, watcher)
    before, descriptors = house.settled(), house.descriptors()
    vanish(house, 100)
    assert eventually(lambda: house.descriptors() <= descriptors, seconds=15)
    settle(house, watcher)
    after = house.settled()
    assert after < 1.05 * before + 1, f"{before:.1f} MB became {after:.1f} MB"
    fault(f"{before:.1f} MB before, {after:.1f} MB after")


def vanish(house: House, count: int) -> None:
    for _ in range(count):
        come_and_vanish(house)


def come_and_vanish(house: House) -> None:
    """Connects, opens, drags, and is gone without a word."""
    visitor = Visitor(Client(house.endpoint, name="vanishing"))
    visitor.meet()
    visitor.open("fast")
    visitor.drag(credit=2, steps=100)
    visitor.client._closing.set()  # no farewell, as when the process is killed
    visitor.client.close()


def settle(house: House, watcher: Visitor) -> None:
    """Until the sessions of those who have gone are given up."""

    def all_gone() -> bool:
        facts = status(watcher)
        return facts["sessions"] == 0 and facts["connections"] == 1

    assert eventually(all_gone, seconds=20), str(status(watcher))


def test_a_frozen_client_with_credit_holds_up_nobody(house: House, fault: Fault) -> None:
    fault("a client stopped by SIGSTOP")
    house.start()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.lone_client", house.endpoint],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "dragging\n"
    os.kill(process.pid, signal.SIGSTOP)
    before = house.weight()
    waits = round_trips(house.visit(), 5.0)  # longer than the heartbeats take to notice
    assert max(waits) < 1000 and house.weight() < before + 30
    os.kill(process.pid, signal.SIGCONT)
    assert "back" in process.stdout.readline()
    process.kill()
    process.communicate()
    fault(f"others' ping p95 {percentile(waits, 0.95):.1f} ms")


def test_who_never_takes_its_results_is_bounded_in_what_waits(
    house: House, context: zmq.Context[zmq.Socket[bytes]], fault: Fault
) -> None:
    fault("a client that never reads its kept steps")
    house.start()
    watcher = house.visit()
    deaf = Stranger(context, house.endpoint)
    session = deaf.open()
    settings = DragSettings(steps=100_000)
    deaf.say(Drag(session, ((1.0, 1.0),), ((9.0, 9.0),), settings=settings, keep_every=1))
    begin, heaviest, waits = time.monotonic(), house.weight(), list[float]()
    while time.monotonic() - begin < 4.0:
        waits += round_trips(watcher, 0.2)
        heaviest = max(heaviest, house.weight())
    assert heaviest < 900, f"{heaviest:.0f} MB"
    assert percentile(waits, 0.95) < 200
    fault(f"heaviest {heaviest:.0f} MB, others' ping p95 {percentile(waits, 0.95):.1f} ms")


def test_a_flood_of_requests_leaves_the_others_their_share(
    house: House, context: zmq.Context[zmq.Socket[bytes]], fault: Fault
) -> None:
    fault("a client that floods")
    house.start()
    watcher = house.visit()
    flooder = Stranger(context, house.endpoint)
    ending, sent = threading.Event(), [0]

    def flood() -> None:
        ping = encode(Ping(), request=1)
        while not ending.is_set():
            try:
                flooder.socket.send_multipart(ping, zmq.NOBLOCK)
                sent[0] += 1
            except zmq.Again:
                time.sleep(0.001)

    thread = threading.Thread(target=flood)
    before = house.weight()
    thread.start()
    waits = round_trips(watcher, 3.0)
    ending.set()
    thread.join()
    assert percentile(waits, 0.5) < 300, "the flood starves the others"
    assert house.weight() < before + 400
    fault(f"{sent[0]} pings unread in 3 s, others' p50 {percentile(waits, 0.5):.1f} ms")


def test_two_who_resume_one_session_get_it_one_after_the_other(
    house: House, context: zmq.Context[zmq.Socket[bytes]], fault: Fault
) -> None:
    fault("two clients that resume one session")
    house.start()
    owner = house.visit()
    opened = owner.ask(Open("fast", seed=4), Opened)
    owner.wait(lambda e: isinstance(e, Envelope) and isinstance(e.message, Ready))
    key = SessionKey(opened.session, opened.token)
    second = context.socket(zmq.DEALER)
    second.connect(house.endpoint)
    second.send_multipart(encode(Hello((1,), "second", resume=(key,)), request=1))
    assert second.poll(5000)
    welcome = decode(second.recv_multipart(), ops=FROM_DAEMON).message
    assert isinstance(welcome, Welcome) and welcome.resumed == (opened.session,)
    owner.wait(lambda e: isinstance(e, Envelope) and isinstance(e.message, Closed))
    number = owner.client.send(Stop(opened.session))
    with pytest.raises(Exception, match="no session"):
        owner.answer(number, Frame)


def test_a_wrong_token_resumes_nothing(
    house: House, context: zmq.Context[zmq.Socket[bytes]], fault: Fault
) -> None:
    fault("a stolen session's name without its token")
    house.start()
    owner = house.visit()
    owner.open("steady")
    thief = context.socket(zmq.DEALER)
    thief.connect(house.endpoint)
    for token in ("0" * 32, "x"):
        key = SessionKey(owner.session, token)
        thief.send_multipart(encode(Hello((1,), "thief", resume=(key,)), request=1))
        assert thief.poll(5000)
        welcome = decode(thief.recv_multipart(), ops=FROM_DAEMON).message
        assert isinstance(welcome, Welcome) and not welcome.resumed
    owner.drag(credit=2)
    owner.watch(0.5)
    assert owner.shown > 3


def test_no_frame_for_one_client_reaches_another(house: House, fault: Fault) -> None:
    """Eight clients come, drag, stop and go at once; every picture is marked with its session's."""
    fault("answers that could cross over")
    house.start()
    frames, wrong = [0], list[str]()

    def live(seed: int) -> None:
        mark = mark_of(Open("fast", seed=seed))
        for _ in range(3):
            visitor = Visitor(Client(house.endpoint, name=f"client {seed}"))
            visitor.meet()
            visitor.open("fast", seed)
            visitor.drag(credit=4)
            deadline = time.monotonic() + 0.8
            while time.monotonic() < deadline:
                visitor.watch(0.05)
                frame = visitor.last
                if frame is not None:
                    frames[0] += 1
                    if frame.session != visitor.session or read_label(frame.image)[0] != mark:
                        wrong.append(f"{seed}: {frame.session}")
            visitor.leave()

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert frames[0] > 50 and not wrong
    fault(f"{frames[0]} frames looked at")


def test_a_storm_of_reconnects_is_weathered(house: House, fault: Fault) -> None:
    fault("60 clients that come back at once")
    house.start()
    visitors = [house.visit() for _ in range(60)]
    house.kill()
    for visitor in visitors:
        visitor.wait(lambda e: isinstance(e, Lost))
    house.start()
    begin = time.monotonic()
    for visitor in visitors:
        visitor.meet()
    seconds = time.monotonic() - begin
    assert seconds < 15
    fault(f"all back {seconds:.1f} s after the start")


def test_credit_beyond_measure_is_worth_no_more_than_the_limit(house: House, fault: Fault) -> None:
    fault("credit without end")
    house.start()
    visitor = house.visit()
    visitor.open("fast")
    for _ in range(500):
        visitor.client.send(Credit(visitor.session, 8))
    before = house.weight()
    visitor.drag(credit=8)
    time.sleep(1.0)
    assert house.weight() < before + 60
