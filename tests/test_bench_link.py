"""The link in user space: its rate, its delay, its queue, and what a cut does to it."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_daemon.bench.link import Link, LinkSpeed
from draggan_daemon.bench.link_process import LinkProcess
from draggan_wire.endpoint import parse_endpoint

HALF_A_SECOND = bytes(int(50e6 / 8 / 2))


class Echo:
    """Sends everything back, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{folder}/echo")
        self.listener.listen()
        self.endpoint = f"ipc://{folder}/echo"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
            except OSError:
                return


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dg") as name:
        yield Path(name)


@pytest.fixture
def echo(folder: Path) -> Iterator[Echo]:
    found = Echo(folder)
    yield found
    found.listener.shutdown(socket.SHUT_RDWR)
    found.listener.close()


@pytest.fixture(params=["ipc", "tcp"])
def link(request: pytest.FixtureRequest, echo: Echo, folder: Path) -> Iterator[Link]:
    address = f"ipc://{folder}/link" if request.param == "ipc" else "tcp://127.0.0.1:0"
    found = Link(address, echo.endpoint)
    yield found
    found.close()


def connected(address: str) -> socket.socket:
    endpoint = parse_endpoint(address)
    sock = socket.socket(socket.AF_UNIX if endpoint.path else socket.AF_INET)
    sock.settimeout(10.0)
    sock.connect(endpoint.path or (endpoint.host, endpoint.port))
    return sock


def round_trip(sock: socket.socket) -> float:
    begin = time.monotonic()
    sock.sendall(b"x")
    assert sock.recv(1) == b"x"
    return time.monotonic() - begin


def receive(sock: socket.socket, size: int) -> None:
    while size:
        data = sock.recv(min(size, 1 << 16))
        assert data
        size -= len(data)


def test_a_round_trip_takes_twice_the_delay(link: Link) -> None:
    with connected(link.address) as sock:
        assert 0.040 <= min(round_trip(sock) for _ in range(9)) < 0.046


def test_bytes_pass_at_the_links_rate_and_all_of_them(link: Link) -> None:
    with connected(link.address) as sock:
        sender = threading.Thread(target=sock.sendall, args=(HALF_A_SECOND,))
        begin = time.monotonic()
        sender.start()
        receive(sock, len(HALF_A_SECOND))
        seconds = time.monotonic() - begin - 2 * link.speed.delay
        sender.join()
    assert 35e6 < len(HALF_A_SECOND) * 8 / seconds < 51e6
    assert link.carried == (len(HALF_A_SECOND), len(HALF_A_SECOND))


def test_a_full_queue_holds_up_the_sender_and_what_comes_after(link: Link) -> None:
    with connected(link.address) as busy, connected(link.address) as other:
        sender = threading.Thread(target=busy.sendall, args=(HALF_A_SECOND,))
        reader = threading.Thread(target=receive, args=(busy, len(HALF_A_SECOND)))
        sender.start(), reader.start()
        time.sleep(0.15)
        queued = link.speed.queue / link.speed.bytes_per_second
        assert 0.04 + 0.5 * queued < round_trip(other) < 0.2 + 2 * queued
        sender.join(), reader.join()


def test_a_cut_link_is_silent_and_loses_nothing(link: Link) -> None:
    with connected(link.address) as sock:
        round_trip(sock)
        link.cut()
        sock.sendall(b"held")
        sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        link.restore()
        sock.settimeout(5.0)
        begin = time.monotonic()
        receive(sock, 4)
        assert time.monotonic() - begin < 0.1


def test_an_end_travels_too(link: Link) -> None:
    with connected(link.address) as sock:
        sock.sendall(b"last")
        sock.shutdown(socket.SHUT_WR)
        receive(sock, 4)
        assert sock.recv(1) == b""


def test_a_severed_connection_ends_for_both(link: Link) -> None:
    with connected(link.address) as sock:
        round_trip(sock)
        link.sever()
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(1) == b""
        with connected(link.address) as again:
            round_trip(again)


def test_nobody_behind_the_link_is_a_hang_up(folder: Path) -> None:
    link = Link(f"ipc://{folder}/link", f"ipc://{folder}/nobody")
    with connected(link.address) as sock:
        assert sock.recv(1) == b""
    link.close()
    assert not (folder / "link").exists()


def test_a_link_can_be_a_process(echo: Echo, folder: Path) -> None:
    link = LinkProcess(f"ipc://{folder}/link", echo.endpoint, LinkSpeed(delay=0.005))
    with connected(link.address) as sock:
        round_trip(sock)
        assert 0.010 <= min(round_trip(sock) for _ in range(7)) < 0.02
        link.say("cut")
        threading.Timer(0.2, link.say, ["restore"]).start()
        time.sleep(0.05)
        assert round_trip(sock) > 0.1
    link.close()
