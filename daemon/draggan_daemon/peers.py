"""Connections of the ROUTER socket: what is sent to whom, what waits, who is gone; pyzmq only.

A ROUTER drops what a full or vanished peer cannot take, unless it is told to report it (MANDATORY):
then a full peer is EAGAIN, and its messages wait here in order; a vanished one is EHOSTUNREACH.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import zmq

from .sessions import Frames

MAX_WAITING_BYTES = 512 * 2**20  # results that one client may leave unread
MAX_WAITING = 4096


def router(context: zmq.Context[zmq.Socket[bytes]], max_bytes: int) -> zmq.Socket[bytes]:
    """A ROUTER, not bound yet; a frame of more than `max_bytes` ends the connection it came on."""
    socket = context.socket(zmq.ROUTER)
    options = {
        zmq.ROUTER_MANDATORY: 1,
        zmq.MAXMSGSIZE: max_bytes,
        zmq.SNDHWM: 64,
        zmq.RCVHWM: 64,
        zmq.HEARTBEAT_IVL: 1000,
        zmq.HEARTBEAT_TIMEOUT: 3000,
        zmq.HEARTBEAT_TTL: 4000,
        zmq.HANDSHAKE_IVL: 5000,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
    return socket


@dataclass
class Peer:
    """One connection that has said hello."""

    route: bytes
    principal: str
    client: str
    heard: float
    waiting: deque[Frames] = field(default_factory=deque)
    waiting_bytes: int = 0


class Peers:
    """The connections, and sending to them without ever waiting for one."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._peers: dict[bytes, Peer] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._peers.values()))

    def get(self, route: bytes) -> Peer | None:
        return self._peers.get(route)

    def add(self, peer: Peer) -> None:
        self._peers[peer.route] = peer

    def remove(self, route: bytes) -> None:
        self._peers.pop(route, None)

    def any_waiting(self) -> bool:
        return any(peer.waiting for peer in self)

    def send(self, route: bytes, frames: Frames) -> bool:
        """Send, or keep for later; False where the peer is gone or has left too much unread."""
        peer = self._peers.get(route)
        if peer is None or not peer.waiting:
            sent = self._try(route, frames)
            if sent is not None:
                return sent
            if peer is None:  # it has not even said hello: it can do without this answer
                return True
        peer.waiting.append(frames)
        peer.waiting_bytes += _size(frames)
        return peer.waiting_bytes <= MAX_WAITING_BYTES and len(peer.waiting) <= MAX_WAITING

    def flush(self, peer: Peer) -> bool:
        """Send what waits, as far as it goes; False where the peer is gone."""
        while peer.waiting:
            sent = self._try(peer.route, peer.waiting[0])
            if not sent:
                return sent is None
            peer.waiting_bytes -= _size(peer.waiting.popleft())
        return True

    def _try(self, route: bytes, frames: Sequence[bytes | bytearray | memoryview]) -> bool | None:
        """True: sent. None: the peer cannot take it now. False: the peer is gone."""
        try:
            self._socket.send_multipart([route, *frames], zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH:
                return False
            raise
        return True


def _size(frames: Frames) -> int:
    return sum(memoryview(frame).nbytes for frame in frames)
