"""Who comes over TCP without the right key, with a wrong one, or with one that was taken back."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import zmq
import zmq.utils.z85
from draggan_wire.connection_file import LOOPBACK_USER, read_connection_file
from draggan_wire.messages import FROM_DAEMON, Hello, Ping, Welcome, decode, encode

from .house import House, eventually, status

Fault = Callable[[str], None]
Socket = zmq.Socket[bytes]


@dataclass
class Remote:
    """A daemon that listens on TCP too, with one key that may come in."""

    house: House
    address: str
    server: bytes
    public: bytes
    secret: bytes
    context: zmq.Context[Socket]
    sockets: list[Socket] = field(default_factory=list)

    def dealer(self) -> Socket:
        found = self.context.socket(zmq.DEALER)
        found.linger = 0
        self.sockets.append(found)
        return found

    def guest(
        self, *, server: bytes | None = None, own: tuple[bytes, bytes] | None = None
    ) -> Socket:
        found = self.dealer()
        found.curve_serverkey = server or self.server
        found.curve_publickey, found.curve_secretkey = own or (self.public, self.secret)
        return found

    def greets(self, found: Socket, address: str | None = None, *, seconds: float = 0.7) -> bool:
        """Whether the daemon answers to hello."""
        found.connect(address or self.address)
        found.send_multipart(encode(Hello((1,), "guest"), request=1))
        if not found.poll(1000 * seconds):
            return False
        return isinstance(decode(found.recv_multipart(), ops=FROM_DAEMON).message, Welcome)

    def comes_in(self, found: Socket, address: str | None = None) -> bool:
        """The same of one that is to come in, however slow the machine is."""
        return self.greets(found, address, seconds=10)


@pytest.fixture
def remote(house: House) -> Iterator[Remote]:
    if not zmq.has("curve"):
        pytest.skip("this libzmq has no CURVE")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    public, secret = zmq.curve_keypair()
    draggand(house, "authorize", "guest", zmq.utils.z85.decode(public).hex())
    words = draggand(house, "key", "show").split()
    server = zmq.utils.z85.encode(bytes.fromhex(words[words.index("key") + 1]))
    house.start(remote__listen=f"127.0.0.1:{port}", loopback__port=-1)
    house.visit()
    context = zmq.Context()
    found = Remote(house, f"tcp://127.0.0.1:{port}", server, public, secret, context)
    yield found
    for dealer in found.sockets:
        dealer.close()
    context.destroy(linger=0)


def draggand(house: House, *arguments: str) -> str:
    command = [sys.executable, "-m", "draggan_daemon", *arguments]
    done = subprocess.run(command, env=house.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_right_key_comes_in_and_no_other_does(remote: Remote, fault: Fault) -> None:
    fault("wrong, missing and foreign keys")
    assert remote.comes_in(remote.guest()), "the right key is refused"
    another, stolen = zmq.curve_keypair(), zmq.curve_keypair()
    assert not remote.greets(remote.guest(own=another)), "an unknown key came in"
    assert not remote.greets(remote.guest(own=(remote.public, stolen[1]))), "half a key came in"
    assert not remote.greets(remote.guest(server=another[0])), "it answers under another key"
    plain = remote.dealer()
    plain.plain_username, plain.plain_password = b"guest", b"guest"
    assert not remote.greets(plain), "PLAIN came in by the encrypted door"
    assert not remote.greets(remote.dealer()), "NULL came in by the encrypted door"
    assert remote.house.alive() and status(remote.house.visit())["refused_logins"] > 0


def test_a_revoked_key_is_out_within_seconds(remote: Remote, fault: Fault) -> None:
    fault("a key that is revoked while it is in use")
    guest = remote.guest()
    assert remote.comes_in(guest)
    draggand(remote.house, "revoke", "guest")

    def turned_out() -> bool:
        guest.send_multipart(encode(Ping(), request=5))  # who talks is not overlooked
        said = b""
        while guest.poll(20):
            said += b"".join(guest.recv_multipart())
        return b"access_refused" in said

    assert eventually(turned_out, seconds=10)
    guest.send_multipart(encode(Ping(), request=6))
    assert not guest.poll(300) or b"pong" not in b"".join(guest.recv_multipart())
    assert not remote.greets(remote.guest()), "a revoked key came in again"


def test_the_loopback_door_wants_the_token_of_this_start(remote: Remote, fault: Fault) -> None:
    fault("loopback with no, a wrong and yesterday's token")
    facts = read_connection_file(remote.house.socket.parent / "connection.json")
    assert facts is not None
    address = f"tcp://127.0.0.1:{facts.port}"

    def with_token(token: str) -> Socket:
        found = remote.dealer()
        found.plain_username, found.plain_password = LOOPBACK_USER.encode(), token.encode()
        return found

    assert remote.comes_in(with_token(facts.token), address), "the right token is refused"
    assert not remote.greets(with_token("0" * len(facts.token)), address)
    assert not remote.greets(remote.dealer(), address)
    assert not remote.greets(remote.guest(), address)
    remote.house.kill()
    remote.house.start()
    remote.house.visit()
    anew = read_connection_file(remote.house.socket.parent / "connection.json")
    assert anew is not None and anew.token != facts.token
    assert not remote.greets(with_token(facts.token), f"tcp://127.0.0.1:{anew.port}")


def test_without_anybody_authorised_it_does_not_listen(house: House, fault: Fault) -> None:
    fault("a remote door without keys")
    command = [sys.executable, "-m", "draggan_daemon", "serve", "--listen", "127.0.0.1:7417"]
    done = subprocess.run(
        [*command, "--endpoint", house.endpoint],
        env=house.environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 78 and "nobody may come in" in done.stderr
    assert "invite" in done.stderr and "Traceback" not in done.stderr
