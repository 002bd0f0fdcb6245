"""What strangers send: mutated messages, garbage, other protocols. Nobody else notices."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
import zmq
from draggan_daemon.bench.measure import Visitor, percentile
from draggan_wire.errors import WireError
from draggan_wire.messages import (
    FROM_DAEMON,
    MISMATCH,
    Blob,
    Drag,
    Error,
    Hello,
    Open,
    Ping,
    Pong,
    Ready,
    Save,
    Seek,
    decode,
    encode,
)

from .house import House, eventually
from .mutation import Mutator
from .raw import connect, cross_protocol_post, garbage, throw

Fault = Callable[[str], None]
LAST = 1 << 40  # a request's number that no mutant has
CROWD = 16  # connections: each stays below what a single one may send
AT_ONCE = 200  # mutated messages between two pings of the honest client
READ_ALL = 2000  # mutated messages after which all answers are waited for


@pytest.fixture
def dealers(house: House) -> Iterator[list[zmq.Socket[bytes]]]:
    """ZeroMQ peers that have said hello, and may say anything then."""
    house.start()
    house.visit()
    context = zmq.Context()
    yield [greeted(context, house.endpoint) for _ in range(CROWD)]
    context.destroy(linger=0)


def greeted(context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.DEALER)
    socket.sndhwm = socket.rcvhwm = 0
    socket.connect(endpoint)
    socket.send_multipart(encode(Hello((1,), "stranger"), request=1))
    assert socket.poll(5000)
    socket.recv_multipart()
    return socket


def round_trip(visitor: Visitor) -> float:
    begin = time.monotonic()
    assert isinstance(visitor.ask(Ping(), Pong), Pong)
    return 1000 * (time.monotonic() - begin)


def answers_until(socket: zmq.Socket[bytes], request: int) -> Iterator[list[bytes]]:
    """All that comes up to the answer to a ping of that number."""
    socket.send_multipart(encode(Ping(), request=request))
    while True:
        assert socket.poll(10_000), "no answer to a ping"
        frames = socket.recv_multipart()
        yield frames
        if frames[0] != MISMATCH and decode(frames, ops=FROM_DAEMON).re == request:
            return


def judge(frames: list[bytes]) -> str:
    """The code of a refusal, "" for another answer. All that comes keeps the protocol's rules."""
    if frames[0] == MISMATCH:
        return "wrong_protocol"
    message = decode(frames, ops=FROM_DAEMON).message
    if not isinstance(message, Error):
        return ""
    assert message.code and message.sentence.endswith((".", "!")) and message.hint, message
    assert "Traceback" not in message.sentence + message.hint
    return message.code


def test_mutated_messages_are_refused_in_words(
    house: House, dealers: list[zmq.Socket[bytes]], fault: Fault, pytestconfig: pytest.Config
) -> None:
    fault("mutated messages")
    wanted = pytestconfig.getoption("--fuzz-messages", 30_000)
    longest = pytestconfig.getoption("--fuzz-seconds", 12.0)
    honest = house.visit()
    mutants = Mutator("0123456789abcdef", seed=20261123)
    waits, codes = [round_trip(honest)], dict[str, int]()
    before, begin = house.megabytes(), time.monotonic()
    count = 0
    while count < wanted and time.monotonic() - begin < longest:
        count += 1
        dealer = dealers[count % CROWD]
        dealer.send_multipart(mutants.next())
        while dealer.poll(0):
            code = judge(dealer.recv_multipart())
            codes[code] = codes.get(code, 0) + 1
        if count % AT_ONCE:
            continue
        waits.append(round_trip(honest))
        for dealer in (
            dealers if count % READ_ALL == 0 else ()
        ):  # so that what waits to be read is no part of what is weighed
            for frames in answers_until(dealer, LAST):
                code = judge(frames)
                codes[code] = codes.get(code, 0) + 1
    seconds = time.monotonic() - begin
    refused = sum(number for code, number in codes.items() if code)
    assert house.alive() and refused > count / 3
    assert house.megabytes() < before + 60
    assert "engine_failed" not in codes, codes  # the daemon stumbled
    fault(f"{count} in {seconds:.0f} s, {refused} refused in words")
    fault(f"honest ping p50 {percentile(waits, 0.5):.1f} max {max(waits):.0f} ms")


def test_a_mutated_stream_never_opens_the_way_to_anothers_session(
    house: House, dealers: list[zmq.Socket[bytes]], fault: Fault
) -> None:
    fault("orders for somebody else's session")
    owner = house.visit()
    owner.open("steady", seed=3)
    mutants = Mutator(owner.session, seed=5)
    for count in range(1500):
        dealers[count % CROWD].send_multipart(mutants.next())
    shown = owner.shown
    drag = owner.drag(credit=2)
    owner.watch(1.0)
    assert owner.shown > shown, "somebody else has stopped or closed the session"
    assert owner.last is not None and owner.last.session == owner.session
    assert drag


def test_garbage_connections_are_hung_up_on(house: House, fault: Fault) -> None:
    fault("garbage connections")
    house.start()
    honest = house.visit()
    for words in itertools.islice(garbage(1), 50):  # what is loaded at first is no leak
        throw(house.endpoint, words)
    assert eventually(lambda: round_trip(honest) < 1000)
    before = house.descriptors()
    waits = []
    for index, words in enumerate(itertools.islice(garbage(2), 800)):
        throw(house.endpoint, words)
        if index % 50 == 0:
            waits.append(round_trip(honest))
    assert house.alive()
    assert eventually(lambda: house.descriptors() <= before, seconds=8)
    fault(f"800, honest ping max {max(waits):.0f} ms")


def test_half_open_logins_are_given_up(house: House, fault: Fault) -> None:
    fault("handshakes that never end")
    house.start()
    honest = house.visit()
    before = house.descriptors()
    with ExitStack() as stack:
        for index in range(300):
            sock = stack.enter_context(connect(house.endpoint))
            sock.sendall((b"\xff" + bytes(8) + b"\x7f\x03")[: index % 12])
        assert round_trip(honest) < 1000
        assert house.visit() is not None, "nobody else can come in"
        assert eventually(lambda: house.descriptors() <= before + 5, seconds=12)


def test_a_web_pages_post_reaches_an_unguarded_router_only(house: House, fault: Fault) -> None:
    """The attack works, and not on us: what it would deliver is a right message of ours."""
    fault("cross-protocol HTTP POST")
    attack = cross_protocol_post([bytes(frame) for frame in encode(Open("fast", seed=1))])
    context = zmq.Context()
    victim = context.socket(zmq.ROUTER)
    port = victim.bind_to_random_port("tcp://127.0.0.1")
    throw(f"tcp://127.0.0.1:{port}", attack)
    heard = []
    while victim.poll(1000) and b"DGD1" not in heard:
        heard += victim.recv_multipart()
    context.destroy(linger=0)
    assert b"DGD1" in heard, "the attack itself is wrong"
    house.start(loopback__port=-1)
    visitor = house.visit()
    for endpoint in house.listeners():
        for first in (attack, cross_protocol_post([bytes(f) for f in encode(Hello((1,), "x"))])):
            with connect(endpoint) as sock:
                sock.sendall(first)
                with suppress(OSError):
                    assert b"DGD1" not in sock.recv(4096)
    assert round_trip(visitor) < 1000
    log = house.words()
    assert "open fast" not in log and "hello from 'x'" not in log


def test_nothing_is_answered_to_who_has_not_said_hello(house: House, fault: Fault) -> None:
    fault("orders before hello")
    house.start()
    house.visit()
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.connect(house.endpoint)
    for message in (Open("fast", seed=1), Ping()):
        socket.send_multipart(encode(message, request=9))
        assert socket.poll(5000)
        assert judge(socket.recv_multipart()) not in ("", "engine_failed")
    context.destroy(linger=0)


def test_every_refusal_has_a_code_a_sentence_and_a_remedy(house: House, fault: Fault) -> None:
    fault("requests that cannot be met")
    house.start()
    visitor = house.visit()
    visitor.open("fast")
    for message in (
        Open("no-such-model", seed=1),
        Open("fast", saved=Blob(b"no edit")),
        Seek(visitor.session, 99),
        Save("nobodys"),
        Drag("nobodys", ((1.0, 1.0),), ((2.0, 2.0),)),
    ):
        with pytest.raises(WireError) as found:
            visitor.ask(message, Ready)
        assert found.value.code and found.value.sentence.endswith(".") and found.value.hint
