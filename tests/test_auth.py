"""Who is let in at which socket, and that nothing that strangers send stops the gatekeeper."""

from __future__ import annotations

import logging
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from draggan_daemon.access import auth
from draggan_daemon.access.access import Access
from draggan_daemon.access.auth import LOCAL, LOOPBACK, REMOTE, Gatekeeper
from draggan_daemon.access.authorized import AuthorizedKey
from draggan_daemon.access.keys import KeyPair, make_pair
from draggan_daemon.config import ConfigError
from draggan_wire.connection_file import LOOPBACK_USER

from tests.guarded_sockets import WAYS, GuardedSockets, Login

RIGHT = (LOOPBACK_USER, "right")
US = f"uid:{os.geteuid()}"


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "settings")


@pytest.fixture
def anna(access: Access) -> KeyPair:
    pair = make_pair()
    access.authorize(AuthorizedKey(pair.public, "anna"))
    return pair


@pytest.fixture
def doors(tmp_path: Path, access: Access, anna: KeyPair) -> Iterator[GuardedSockets]:
    with GuardedSockets(tmp_path / "s", access) as sockets:
        yield sockets


def raw(address: str, data: bytes) -> None:
    """Writes bytes and waits until the other side has hung up, or half a second."""
    if address.startswith("ipc://"):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(address[len("ipc://") :])
    else:
        stream = socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
    with stream:
        stream.settimeout(0.5)
        try:
            stream.sendall(data)
            while stream.recv(4096):
                pass
        except OSError:
            pass


def http_post(body: bytes) -> bytes:
    """A web page's POST, whose 'P' (80) and what follows are frames of the old ZMTP/1.0."""
    head = b"POST /" + b"a" * 90 + b" HTTP/1.1\r\nHost: x\r\n"
    assert len(head) > 82
    frames = b"".join(
        bytes([1 + len(part), last]) + part for part, last in ((b"DGD1", 1), (body, 0))
    )
    return head[:81] + frames + b"\r\n\r\n"


def old_peer(body: bytes) -> bytes:
    """What a ZMTP/1.0 peer sends: an empty identity, then a message of two frames."""
    return b"\x01\x00" + b"\x05\x01DGD1" + bytes([1 + len(body), 0]) + body


def test_our_own_user_comes_in_by_the_local_socket(doors: GuardedSockets) -> None:
    assert Login(doors.addresses["local"]).user == US


def test_the_token_opens_the_loopback_socket(doors: GuardedSockets) -> None:
    assert Login(doors.addresses["loopback"], plain=RIGHT).user == "loopback:token"


@pytest.mark.parametrize(
    "plain", [(LOOPBACK_USER, "wrong"), ("root", "right"), (LOOPBACK_USER, "right\0")]
)
def test_a_wrong_name_or_token_does_not(doors: GuardedSockets, plain: tuple[str, str]) -> None:
    login = Login(doors.addresses["loopback"], plain=plain)
    assert (login.outcome, login.user) == ("HANDSHAKE_FAILED_AUTH", None)
    assert doors.gatekeeper.refusals == 1


def test_without_a_token_nobody_comes_in_by_loopback(tmp_path: Path) -> None:
    with GuardedSockets(tmp_path / "s", None, token=None) as doors:
        for password in ("None", "right"):
            login = Login(doors.addresses["loopback"], plain=(LOOPBACK_USER, password))
            assert login.outcome == "HANDSHAKE_FAILED_AUTH"


def test_an_authorised_key_comes_in_under_its_name(doors: GuardedSockets, anna: KeyPair) -> None:
    login = Login(doors.addresses["remote"], server=doors.server.public, own=anna)
    assert login.user == "key:anna"


def test_an_invitations_key_comes_in_as_invited(doors: GuardedSockets, access: Access) -> None:
    ben = make_pair()
    access.invite("ben", ben.public, time.time() + 60)
    login = Login(doors.addresses["remote"], server=doors.server.public, own=ben)
    assert login.user == "invite:ben"


def test_a_key_that_is_not_on_the_list_is_refused(doors: GuardedSockets) -> None:
    login = Login(doors.addresses["remote"], server=doors.server.public, own=make_pair())
    assert (login.outcome, login.user) == ("HANDSHAKE_FAILED_AUTH", None)


def test_a_revoked_key_is_refused_at_once_and_its_connections_may_not_stay(
    doors: GuardedSockets, access: Access, anna: KeyPair
) -> None:
    access.refresh()
    came = auth.Login("key:anna", anna.public)
    assert doors.gatekeeper.still_allowed(came)
    Access(access.folder).revoke("anna")
    login = Login(doors.addresses["remote"], server=doors.server.public, own=anna)
    assert login.outcome == "HANDSHAKE_FAILED_AUTH"
    assert not doors.gatekeeper.still_allowed(came)


def test_a_client_that_expects_another_daemon_tells_this_one_nothing(
    doors: GuardedSockets, anna: KeyPair
) -> None:
    login = Login(doors.addresses["remote"], server=make_pair().public, own=anna)
    assert (login.outcome, login.user) == ("HANDSHAKE_FAILED_NO_DETAIL", None)


@pytest.mark.parametrize(
    ("way", "mechanism"),
    [(way, how) for way in WAYS for how in ("null", "plain", "curve")],
)
def test_each_socket_takes_its_own_mechanism_only(
    doors: GuardedSockets, anna: KeyPair, way: str, mechanism: str
) -> None:
    how = {
        "null": {},
        "plain": {"plain": RIGHT},
        "curve": {"server": doors.server.public, "own": anna},
    }[mechanism]
    login = Login(doors.addresses[way], patience_ms=1000, **how)  # type: ignore[arg-type]
    expected = {("local", "null"), ("loopback", "plain"), ("remote", "curve")}
    assert (login.user is not None) == ((way, mechanism) in expected), login.outcome
    assert (way, [b"who am I?"]) in doors.received or (way, mechanism) not in expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("attack", [http_post, old_peer], ids=["web page", "old peer"])
def test_a_web_pages_post_is_never_delivered(
    doors: GuardedSockets, way: str, attack: object
) -> None:
    assert callable(attack)
    raw(doors.addresses[way], attack(b"evil"))
    assert doors.received == []
    assert Login(doors.addresses["local"]).user == US


def test_the_same_post_reaches_a_socket_that_nobody_guards() -> None:
    """The attack is real: else the test above would prove nothing."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        router = context.socket(zmq.ROUTER)
        port = router.bind_to_random_port("tcp://127.0.0.1")
        raw(f"tcp://127.0.0.1:{port}", http_post(b"evil"))
        assert router.poll(1000) and router.recv_multipart()[1:] == [b"DGD1", b"evil"]
    finally:
        context.destroy(linger=0)


@pytest.mark.parametrize("way", WAYS)
def test_garbage_on_the_line_does_not_keep_others_out(doors: GuardedSockets, way: str) -> None:
    generator = random.Random(7)
    for size in (1, 10, 64, 200, 1000):
        raw(doors.addresses[way], generator.randbytes(size))
        raw(doors.addresses[way], b"\xff" + bytes(8) + b"\x7f\x03\x00" + generator.randbytes(size))
    assert doors.received == []
    assert Login(doors.addresses["local"]).user == US


# The handler by itself.


class Asker:
    """Asks a gatekeeper as libzmq does."""

    def __init__(self, **how: Any) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.gatekeeper = Gatekeeper(self._context, **how)
        self.router = self._context.socket(zmq.ROUTER)
        self._socket = self._context.socket(zmq.REQ)
        self._socket.connect("inproc://zeromq.zap.01")

    def ask(self, *frames: bytes) -> tuple[bytes, bytes]:
        """The status and the user of the answer."""
        self._socket.send_multipart(frames)
        self.gatekeeper.answer()
        assert self._socket.poll(1000), "no answer: every later login would hang"
        answer = self._socket.recv_multipart()
        assert len(answer) == 6 and answer[0] == b"1.0"
        return answer[2], answer[4]

    def login(self, domain: bytes, address: bytes, mechanism: bytes, *rest: bytes) -> bytes:
        status, user = self.ask(b"1.0", b"7", domain, address, b"", mechanism, *rest)
        assert status in (b"200", b"400") and (status == b"200") == bool(user)
        return user

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def guard() -> Iterator[Callable[..., Asker]]:
    askers: list[Asker] = []

    def begin(**how: Any) -> Asker:
        askers.append(Asker(**how))
        return askers[-1]

    yield begin
    for asker in askers:
        asker.close()


NAME = LOOPBACK_USER.encode()


@pytest.mark.parametrize(
    "request_",
    [
        (LOCAL, b"localhost:0:0:1", b"PLAIN", NAME, b"right"),
        (LOCAL, f"localhost:{os.geteuid() + 1}:0:1".encode(), b"NULL"),
        (LOCAL, b"localhost:99999999999999999999:0:1", b"CURVE"),
        (LOOPBACK, b"127.0.0.1", b"NULL"),
        (LOOPBACK, b"10.0.0.9", b"PLAIN", NAME, b"right"),
        (LOOPBACK, b"127.0.0.1", b"PLAIN", NAME),
        (LOOPBACK, b"127.0.0.1", b"PLAIN", NAME, b""),
        (LOOPBACK, b"127.0.0.1", b"PLAIN", b"", b"right"),
        (LOOPBACK, b"127.0.0.1", b"PLAIN", NAME, b"right", b"more"),
        (LOOPBACK, b"127.0.0.1", b"PLAIN", NAME, b"\xff\xfe"),
        (REMOTE, b"10.0.0.9", b"NULL"),
        (REMOTE, b"127.0.0.1", b"PLAIN", NAME, b"right"),
        (REMOTE, b"10.0.0.9", b"CURVE", b""),
        (REMOTE, b"10.0.0.9", b"CURVE", bytes(31)),
        (REMOTE, b"10.0.0.9", b"CURVE", bytes(32), bytes(32)),
        (b"draggand", b"localhost:0:0:1", b"NULL"),
        (b"", b"", b"NULL"),
        (b"*", b"127.0.0.1", b"GSSAPI", b"root"),
    ],
)
def test_what_does_not_fit_its_domain_is_refused(
    guard: Callable[..., Asker], access: Access, request_: tuple[bytes, ...]
) -> None:
    asker = guard(token="right", access=access)
    assert asker.login(*request_) == b""
    assert asker.gatekeeper.refusals == 1


def test_garbage_for_the_handler_is_refused_and_the_next_login_works(
    guard: Callable[..., Asker], access: Access
) -> None:
    asker = guard(token="right", access=access)
    gatekeeper = asker.gatekeeper
    generator = random.Random(3)
    for count in range(1, 12):
        frames = [generator.randbytes(generator.randrange(40)) for _ in range(count)]
        assert asker.ask(*frames)[0] == b"400"
    assert asker.login(LOOPBACK, b"127.0.0.1", b"PLAIN", NAME, b"right") == b"loopback:token"
    gatekeeper.answer()  # with nothing to answer


def test_a_list_that_cannot_be_looked_at_lets_nobody_in_and_is_no_end(
    guard: Callable[..., Asker], access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = guard(access=access)

    def fail(key: bytes) -> str:
        raise OSError("the disk is gone")

    monkeypatch.setattr(access, "principal", fail)
    assert asker.login(REMOTE, b"10.0.0.9", b"CURVE", bytes(32)) == b""
    assert asker.login(LOCAL, f"localhost:{os.geteuid()}:0:1".encode(), b"NULL") == US.encode()


def test_systems_that_do_not_name_a_local_user_rely_on_the_folder(
    guard: Callable[..., Asker],
) -> None:
    asker = guard()
    assert asker.login(LOCAL, b"localhost", b"NULL") == US.encode()


def test_the_log_names_the_fingerprint_and_never_a_password(
    guard: Callable[..., Asker],
    access: Access,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("draggan_daemon.access.auth._LOG_EVERY", 0.0)
    asker = guard(token="right", access=access)
    with caplog.at_level(logging.DEBUG):
        asker.login(LOOPBACK, b"127.0.0.1\n", b"PLAIN", b"mallory", b"almost-right")
        asker.login(REMOTE, b"10.0.0.9", b"CURVE", bytes(32))
    assert "SHA256:" in caplog.text and "10.0.0.9" in caplog.text
    for secret in ("almost-right", "mallory", "right", "\n (", bytes(32).hex()):
        assert secret not in caplog.text


def test_a_flood_of_refusals_is_one_line_a_second(
    guard: Callable[..., Asker], caplog: pytest.LogCaptureFixture
) -> None:
    asker = guard()
    gatekeeper = asker.gatekeeper
    for _ in range(50):
        asker.login(LOOPBACK, b"127.0.0.1", b"PLAIN", NAME, b"guess")
    assert gatekeeper.refusals == 50
    assert len(caplog.records) <= 2


def test_who_may_stay(guard: Callable[..., Asker], access: Access, anna: KeyPair) -> None:
    gatekeeper = guard(token="t", access=access).gatekeeper
    for one in (auth.Login(US), auth.Login("loopback:token"), auth.Login("key:anna", anna.public)):
        assert gatekeeper.still_allowed(one)
    for other in (f"uid:{os.geteuid() + 1}", "key:ben", "invite:anna", "None", "", "anna"):
        assert not gatekeeper.still_allowed(auth.Login(other, anna.public))
    assert not gatekeeper.still_allowed(auth.Login("key:anna", make_pair().public))


def test_without_curve_nothing_listens_to_other_machines(
    guard: Callable[..., Asker], monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = guard()
    monkeypatch.setattr(zmq, "has", lambda feature: False)
    with pytest.raises(ConfigError, match="cannot encrypt") as error:
        asker.gatekeeper.guard_remote(asker.router, bytes(32))
    assert error.value.hint
