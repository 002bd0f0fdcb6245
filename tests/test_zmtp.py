"""Our ZMTP against libzmq's: the contract with a real ROUTER, and peers that break every rule."""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
from draggan_wire import connection as connection_module
from draggan_wire.connection import Connection, Frames
from draggan_wire.endpoint import parse_endpoint
from draggan_wire.errors import (
    AccessRefused,
    BadMessage,
    ConnectionLost,
    LimitExceeded,
    NoDaemon,
    WireError,
)
from draggan_wire.zmtp import Credentials, Dealer, FrameLimits

from .zmq_router import Router

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"[:2] + (
    b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"
)
READY = bytes([4, len(READY) - 2]) + READY[2:]

Connect = Callable[..., Connection]


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/s"


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections and closes them after the test."""
    opened: list[Connection] = []
    asleep, awake = socket.socketpair()

    def open_one(address: str, **options: object) -> Connection:
        opened.append(Connection(parse_endpoint(address), asleep, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
    asleep.close()
    awake.close()


def receive(connection: Connection, count: int = 1, seconds: float = 5.0) -> list[Frames]:
    """Turns until `count` messages are there."""
    found: list[Frames] = []
    end = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < end, f"only {len(found)} of {count} messages came"
        found += connection.turn(0.05)
    return found


def shake_hands(connection: Connection) -> Connection:
    end = time.monotonic() + 5
    while not connection.ready:
        assert time.monotonic() < end
        connection.turn(0.05)
    return connection


# The contract with libzmq.


def test_frames_of_every_length_are_echoed_unchanged(address: str, connect: Connect) -> None:
    with Router(address):
        client = shake_hands(connect(address))
        for size in (0, 1, 255, 256, 65_535, 65_536, 65_537, 1_000_000, 8 << 20):
            frames = [b"head", b"", os.urandom(size)]
            client.send(frames)
            assert receive(client) == [frames]


def test_two_hundred_small_messages_keep_their_order(address: str, connect: Connect) -> None:
    with Router(address):
        client = shake_hands(connect(address))
        for i in range(200):
            client.send([b"%d" % i, b"x" * (i % 7)])
        assert [frames[0] for frames in receive(client, 200)] == [b"%d" % i for i in range(200)]


def test_large_messages_pass_both_ways_at_once(address: str, connect: Connect) -> None:
    with Router(address):
        client = shake_hands(connect(address))
        for i in range(6):
            client.send([bytes([i]), bytes(1 << 20)])
        assert [frames[0][0] for frames in receive(client, 6)] == list(range(6))


def test_the_right_password_opens_a_tcp_address(connect: Connect) -> None:
    with Router("tcp://127.0.0.1:*", password="right") as router:
        client = connect(router.endpoint, credentials=Credentials("anna", "right"))
        shake_hands(client).send([b"hello"])
        assert receive(client) == [[b"hello"]]


def test_a_wrong_password_is_refused_in_words(connect: Connect) -> None:
    with Router("tcp://127.0.0.1:*", password="right") as router:
        client = connect(router.endpoint, credentials=Credentials("anna", "wrong"))
        with pytest.raises(AccessRefused, match="refused the user name or password"):
            shake_hands(client)


def test_coming_without_a_password_where_one_is_asked_is_told(connect: Connect) -> None:
    router = Router("tcp://127.0.0.1:*", password="right")
    with router, pytest.raises(ConnectionLost, match="logging in") as error:
        shake_hands(connect(router.endpoint))
    assert "password" in error.value.hint


def test_a_password_is_never_sent_to_a_daemon_without_passwords() -> None:
    dealer = Dealer(credentials=Credentials("anna", "secret"))
    with pytest.raises(AccessRefused, match=r"wants 'NULL'.* came with 'PLAIN'"):
        feed(dealer, GREETING)
    assert b"secret" not in out(dealer)


def test_libzmqs_heartbeats_are_answered_while_idle(address: str, connect: Connect) -> None:
    with Router(address, heartbeat=50):
        client = shake_hands(connect(address))
        end = time.monotonic() + 0.6  # four timeouts of the router's
        while time.monotonic() < end:
            assert client.turn(0.05) == []
        client.send([b"still here"])
        assert receive(client) == [[b"still here"]]


def test_our_own_heartbeats_are_answered(
    address: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "HEARTBEAT", 0.02)
    with Router(address):
        client = shake_hands(connect(address))
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            client.turn()


def test_a_router_that_goes_away_is_noticed_at_once(address: str, connect: Connect) -> None:
    with Router(address):
        client = shake_hands(connect(address))
    with pytest.raises(ConnectionLost):
        client.turn()


def test_another_kind_of_socket_is_not_a_daemon(address: str, connect: Connect) -> None:
    with Router(address, socket_type=zmq.PUSH), pytest.raises(WireError):
        shake_hands(connect(address))


def test_nobody_at_the_address_is_said_with_the_remedy(address: str, connect: Connect) -> None:
    with pytest.raises(NoDaemon, match="No daemon answers at ipc://") as error:
        connect(address)
    assert "draggand serve" in error.value.hint


def test_a_socket_in_a_folder_open_to_others_is_not_touched(
    tmp_path: Path, connect: Connect
) -> None:
    tmp_path.chmod(0o755)
    with Router(f"ipc://{tmp_path}/s"), pytest.raises(AccessRefused, match="open to other users"):
        connect(f"ipc://{tmp_path}/s")


# Peers that break the rules.


class RawPeer:
    """Listens on a unix socket, says `script` to whoever comes, then (unless `stay`) hangs up."""

    def __init__(self, path: str, script: list[bytes], *, pause: float = 0, stay: bool = False):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._script, self._pause, self._stay = script, pause, stay
        self._over = threading.Event()
        self.heard = b""  # known at the end
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _talk(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            for part in self._script:
                peer.sendall(part)
                time.sleep(self._pause)
            if not self._stay:
                peer.shutdown(socket.SHUT_WR)
            self._over.wait(5)
            self.heard = peer.recv(1 << 16, socket.MSG_DONTWAIT)


GARBAGE = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an early ZMTP": b"\x01\x00",
    "half a signature": b"\xff" + b"x" * 63,
    "no greeting": b"",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_peer_that_is_not_zeromq_is_recognised(
    name: str, tmp_path: Path, connect: Connect
) -> None:
    with RawPeer(f"{tmp_path}/s", [GARBAGE[name]]):
        client = connect(f"ipc://{tmp_path}/s")
        with pytest.raises((NoDaemon, ConnectionLost)):
            receive(client)


def test_zmtp_2_is_refused() -> None:
    with pytest.raises(AccessRefused, match="ZMTP 1"):
        feed(Dealer(), b"\xff" + bytes(8) + b"\x7f\x01")


def test_bytes_that_come_one_by_one_make_the_same_message(tmp_path: Path, connect: Connect) -> None:
    script = [bytes([b]) for b in GREETING + READY + b"\x01\x01a\x00\x02bc"]
    with RawPeer(f"{tmp_path}/s", script, pause=0.001):
        assert receive(connect(f"ipc://{tmp_path}/s")) == [[b"a", b"bc"]]


def test_what_came_before_the_end_is_still_delivered(tmp_path: Path, connect: Connect) -> None:
    with RawPeer(f"{tmp_path}/s", [GREETING + READY + b"\x00\x01a"]):
        client = connect(f"ipc://{tmp_path}/s")
        assert receive(client) == [[b"a"]]
        with pytest.raises(ConnectionLost):
            receive(client)


def test_a_client_that_only_listens_is_heard_all_the_same(
    tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What libzmq asks may stand behind megabytes of a result: it must hear of us without.
    monkeypatch.setattr(connection_module, "HEARTBEAT", 0.05)
    script = [GREETING + READY, *[b"\x00\x01x"] * 60]
    with RawPeer(f"{tmp_path}/raw", script, pause=0.01) as peer:
        receive(connect(f"ipc://{tmp_path}/raw"), 60)
    assert 5 <= peer.heard.count(b"\x04PING") <= 14


def test_what_had_to_be_waited_for_is_measured(tmp_path: Path, connect: Connect) -> None:
    half = bytes(1 << 19)
    head = b"\x02" + struct.pack(">Q", 1 << 20)
    with RawPeer(f"{tmp_path}/raw", [GREETING + READY + head + half, half], pause=0.2):
        client = connect(f"ipc://{tmp_path}/raw")
        assert receive(client) == [[half + half]]
        ((waited, seconds),) = client.transfers
    assert len(half) <= waited <= 2 * len(half) and 0.15 < seconds < 2


def test_a_frozen_peer_is_given_up(
    tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "HEARTBEAT", 0.03)
    with RawPeer(f"{tmp_path}/s", [GREETING + READY], stay=True):
        client = shake_hands(connect(f"ipc://{tmp_path}/s"))
        with pytest.raises(ConnectionLost):
            receive(client, seconds=2)


def test_a_peer_that_never_finishes_the_handshake_is_given_up(
    tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "HANDSHAKE", 0.1)
    peer = RawPeer(f"{tmp_path}/s", [GREETING[:20]], stay=True)
    with peer, pytest.raises(NoDaemon, match="does not answer"):
        receive(connect(f"ipc://{tmp_path}/s"), seconds=2)


# The machine without a socket.


def feed(dealer: Dealer, data: bytes, *, piece: int = 1 << 30) -> None:
    """Bytes into the machine, at most `piece` at a time."""
    while data:
        place = dealer.buffer()
        count = min(len(data), len(place), piece)
        place[:count] = data[:count]
        dealer.received(count)
        data = data[count:]


def out(dealer: Dealer) -> bytes:
    """All that the machine has to say."""
    said = b""
    while dealer.waiting:
        said += b"".join(bytes(chunk) for chunk in dealer.chunks())
    return said


def ready_dealer(**limits: int) -> Dealer:
    dealer = Dealer(limits=FrameLimits(**limits))
    feed(dealer, GREETING + READY)
    assert dealer.ready
    out(dealer)
    return dealer


def test_two_machines_understand_each_other_however_the_bytes_are_cut() -> None:
    chance = random.Random(3)
    for _ in range(20):
        one, two = Dealer(), Dealer()
        for _ in range(2):
            feed(two, out(one), piece=chance.randint(1, 40))
            feed(one, out(two), piece=chance.randint(1, 40))
        sent = [
            [chance.randbytes(chance.choice((0, 1, 300, 70_000))) for _ in range(3)]
            for _ in range(4)
        ]
        for frames in sent:
            one.send(frames)
        feed(two, out(one), piece=chance.choice((999, 70_001)))
        assert list(two.messages) == sent


def test_a_ping_is_answered_with_its_context_before_waiting_messages() -> None:
    dealer = ready_dealer()
    dealer.send([b"one", b"two"])
    feed(dealer, b"\x04\x0a\x04PING\x00\x10ctx")
    assert out(dealer) == b"\x04\x08\x04PONGctx" + b"\x01\x03one\x00\x03two"


def test_a_ping_between_the_frames_of_a_message_is_answered_and_the_message_stays_whole() -> None:
    dealer = ready_dealer()  # libzmq does so while a slow reader holds a large message up
    feed(dealer, b"\x01\x03one" + b"\x04\x07\x04PING\x00\x10" + b"\x00\x03two")
    assert list(dealer.messages) == [[b"one", b"two"]]
    assert out(dealer) == b"\x04\x05\x04PONG"


def test_a_ping_never_interrupts_a_message_that_is_being_written() -> None:
    dealer = ready_dealer()
    dealer.send([b"one", b"two"])
    begun = b"".join(bytes(chunk) for chunk in dealer.chunks())
    feed(dealer, b"\x04\x07\x04PING\x00\x10")
    assert begun == b"\x01\x03one\x00\x03two" and out(dealer) == b"\x04\x05\x04PONG"


def test_a_claimed_length_is_checked_before_memory_is_taken() -> None:
    with pytest.raises(LimitExceeded, match=str(1 << 62)):
        feed(ready_dealer(), b"\x02" + struct.pack(">Q", 1 << 62))


def test_a_message_of_too_many_or_too_large_frames_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        feed(ready_dealer(frames=3), b"\x01\x01x" * 4)
    with pytest.raises(LimitExceeded):
        feed(ready_dealer(message=10), b"\x01\x06abcdef" * 2)


BROKEN = {
    "a reserved flag": b"\x08\x00",
    "a command with more to come": b"\x05\x05\x04PING",
    "an unknown command": b"\x04\x05\x04EVIL",
    "an unknown command inside a message": b"\x01\x01a\x04\x05\x04EVIL",
    "an empty command": b"\x04\x00",
    "a command whose name is cut": b"\x04\x03\x09PI",
    "a ping without its time": b"\x04\x05\x04PING",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_peer_that_breaks_zmtp_is_refused(name: str) -> None:
    with pytest.raises(BadMessage):
        feed(ready_dealer(), BROKEN[name])


HANDSHAKES = {
    "data first": b"\x00\x01x",
    "a foreign command": b"\x04\x06\x05HELLO",
    "metadata whose lengths lie": b"\x04\x13\x05READY\x0bSocket-T\xff\xff\xff\xff",
    "nothing but a name": b"\x04\x07\x05READY\x09",
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_broken_handshake_is_refused(name: str) -> None:
    with pytest.raises(BadMessage):
        feed(Dealer(), GREETING + HANDSHAKES[name])


def test_a_refusal_by_the_peer_becomes_words() -> None:
    with pytest.raises(AccessRefused, match="go away"):
        feed(Dealer(), GREETING + b"\x04\x0e\x05ERROR\x07go away")


def test_random_bytes_end_in_an_error_of_ours_or_are_waited_out() -> None:
    chance = random.Random(5)
    for _ in range(500):
        data = bytearray(GREETING + READY + b"\x01\x02hi\x00\x02ho" * 3)
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            feed(Dealer(), bytes(data))
        except WireError as error:
            assert error.sentence and error.hint
