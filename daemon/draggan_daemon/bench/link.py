"""A network link in user space, with a rate, a delay and a queue; standard library only, no root.

It stands between a listening socket and a target, as a proxy: bytes leave one end no faster than
the link's rate and come out at the other end after its delay. When the queue before the link is
full nothing more is read, which the sender feels as TCP feels a full window. All connections of a
link share its rate. A cut link loses nothing and closes nothing: like a pulled cable, it is silent.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from draggan_wire.endpoint import Endpoint, parse_endpoint

CHUNK = 1 << 13  # bytes taken at once: 1.3 ms of 50 Mbit/s
WINDOW = 1 << 16  # bytes in the sockets' own buffers, which belong to no real link
IDLE = 0.5  # seconds between looks when nothing moves


@dataclass(frozen=True)
class LinkSpeed:
    """`bits_per_second` each way, `delay` in seconds each way, `queue` in bytes before each way."""

    bits_per_second: float = 50e6
    delay: float = 0.02
    queue: int = 256 * 1024

    @property
    def bytes_per_second(self) -> float:
        return self.bits_per_second / 8

    @property
    def on_the_way(self) -> int:
        """The bytes that a direction can hold: in its queue and in flight."""
        return int(self.queue + self.bytes_per_second * self.delay) + CHUNK


class _Lane:
    """One direction of the link: when the bytes that enter it now will have left its queue."""

    def __init__(self, speed: LinkSpeed) -> None:
        self.speed = speed
        self.free_at = 0.0
        self.carried = 0

    def enter(self, size: int, now: float) -> float:
        """Takes `size` bytes in; returns when they come out at the other end."""
        self.free_at = max(now, self.free_at) + size / self.speed.bytes_per_second
        self.carried += size
        return self.free_at + self.speed.delay

    def has_room(self, now: float) -> bool:
        return self.room_at <= now

    @property
    def room_at(self) -> float:
        return self.free_at - self.speed.queue / self.speed.bytes_per_second

    def pause(self, seconds: float) -> None:
        self.free_at += seconds


class _Stream:
    """One direction of one connection."""

    def __init__(self, source: socket.socket, sink: socket.socket, lane: _Lane) -> None:
        self.source, self.sink, self.lane = source, sink, lane
        self.underway: deque[tuple[float, memoryview]] = deque()
        self.held = 0
        self.drained = False  # the source will send no more
        self.ended = False  # and the sink has been told

    def may_read(self, now: float) -> bool:
        full = self.held >= self.lane.speed.on_the_way
        return not self.drained and not full and self.lane.has_room(now)

    def read(self, now: float) -> None:
        try:
            data = self.source.recv(CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.drained = True
            self.underway.append((now + self.lane.speed.delay, memoryview(b"")))
            return
        self.held += len(data)
        self.underway.append((self.lane.enter(len(data), now), memoryview(data)))

    def due(self, now: float) -> bool:
        return bool(self.underway) and self.underway[0][0] <= now

    def write(self, now: float) -> None:
        """Hands over what has arrived, as far as the sink takes it."""
        while self.due(now):
            arrived, data = self.underway.popleft()
            if not data:
                self.ended = True
                with suppress(OSError):
                    self.sink.shutdown(socket.SHUT_WR)
                return
            try:
                sent = self.sink.send(data)
            except BlockingIOError:
                sent = 0
            self.held -= sent
            if sent < len(data):
                self.underway.appendleft((arrived, data[sent:]))
                return

    def next_event(self, now: float) -> float:
        """When something happens to it by itself; infinity where only its sockets can tell."""
        moments = [float("inf")]
        if self.underway and not self.due(now):
            moments.append(self.underway[0][0])
        if not self.drained and not self.lane.has_room(now):
            moments.append(self.lane.room_at)
        return min(moments)

    def delay_all(self, seconds: float) -> None:
        self.underway = deque((moment + seconds, data) for moment, data in self.underway)


class Link:
    """Listens at `address` and passes connections on to `target`, slowly. Close it when done.

    Addresses are `ipc:///path` or `tcp://127.0.0.1:port`; port 0 takes any free one, see `address`.
    All methods may be called from any thread.
    """

    def __init__(self, address: str, target: str, speed: LinkSpeed | None = None) -> None:
        self.speed = speed or LinkSpeed()
        self._target = parse_endpoint(target)
        self._listener, self.address = _listen(address)
        self._up, self._down = _Lane(self.speed), _Lane(self.speed)
        self._streams: list[_Stream] = []
        self._cut_since: float | None = None
        self._closing = False
        self._lock = threading.Lock()
        self._bell, self._ear = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    @property
    def carried(self) -> tuple[int, int]:
        """Bytes taken towards the target, and from it."""
        return self._up.carried, self._down.carried

    @property
    def connections(self) -> int:
        return len(self._streams) // 2

    def cut(self) -> None:
        """From now on nothing moves, and nobody is told."""
        with self._lock:
            self._cut_since = self._cut_since or time.monotonic()
        self._bell.send(b"!")

    def restore(self) -> None:
        """Things move again, those that were under way first."""
        with self._lock:
            if self._cut_since is None:
                return
            missed = time.monotonic() - self._cut_since
            for lane in (self._up, self._down):
                lane.pause(missed)
            for stream in self._streams:
                stream.delay_all(missed)
            self._cut_since = None
        self._bell.send(b"!")

    def sever(self) -> None:
        """Every connection is reset, as by a router that has lost its memory."""
        with self._lock:
            for stream in self._streams:
                _reset(stream.source)
            self._streams = []

    def close(self) -> None:
        self._closing = True
        self._bell.send(b"!")
        self._thread.join()
        for sock in (self._bell, self._ear, self._listener, *(s.source for s in self._streams)):
            sock.close()
        if (path := parse_endpoint(self.address).path) and os.path.exists(path):
            os.unlink(path)

    # The thread.

    def _run(self) -> None:
        while not self._closing:
            now = time.monotonic()
            with self._lock:
                cut = self._cut_since is not None
                streams = [] if cut else list(self._streams)
            readers = [s.source for s in streams if s.may_read(now)]
            writers = [s.sink for s in streams if s.due(now)]
            wait = min([IDLE, *(s.next_event(now) - now for s in streams)])
            accepting = [] if cut else [self._listener]
            try:
                ready, _, _ = select.select(
                    [self._ear, *accepting, *readers], writers, [], max(0.0, wait)
                )
            except (OSError, ValueError):  # closed by `sever` just now
                continue
            if self._ear in ready:
                self._ear.recv(64)
            elif not cut:
                self._move(streams, set(ready))

    def _move(self, streams: list[_Stream], ready: set[socket.socket]) -> None:
        with self._lock:
            if self._cut_since is not None:
                return
            now = time.monotonic()
            for stream in streams:
                try:
                    self._carry(stream, ready, now)
                except OSError:
                    self._hang_up(stream)
            for stream in streams:
                if stream.ended and self._other(stream).ended:
                    self._hang_up(stream)
            if self._listener in ready:
                self._accept()

    def _carry(self, stream: _Stream, ready: set[socket.socket], now: float) -> None:
        if stream.source in ready and stream.may_read(now):
            stream.read(now)
            self._streams.remove(stream)  # whoever has had a turn is last in the next one
            self._streams.append(stream)
        stream.write(now)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = _connect(self._target)
        except OSError:
            _reset(near)
            return
        for sock in (near, far):
            _prepare(sock)
        self._streams += [_Stream(near, far, self._up), _Stream(far, near, self._down)]

    def _other(self, stream: _Stream) -> _Stream:
        return next((s for s in self._streams if s.source is stream.sink), stream)

    def _hang_up(self, stream: _Stream) -> None:
        both = [stream, self._other(stream)]
        self._streams = [s for s in self._streams if s not in both]
        stream.source.close()
        stream.sink.close()


def _listen(address: str) -> tuple[socket.socket, str]:
    """A listening socket and the address at which it is reached."""
    if address.endswith(":0"):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        return listener, f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    endpoint = parse_endpoint(address)
    if endpoint.path:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(endpoint.path)
        listener.listen(64)
        return listener, address
    return socket.create_server((endpoint.host, endpoint.port), backlog=64), address


def _connect(target: Endpoint) -> socket.socket:
    family = socket.AF_UNIX if target.path else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.connect(target.path or (target.host, target.port))
    except OSError:
        sock.close()
        raise
    return sock


def _prepare(sock: socket.socket) -> None:
    """Small buffers: what waits in them would neither be delayed nor count as the queue."""
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reset(sock: socket.socket) -> None:
    """Ends a connection the hard way, where the system knows one."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
