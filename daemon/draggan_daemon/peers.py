"""Connections that have said hello: what is sent to whom, what waits, who is gone; pyzmq only.

A ROUTER drops what a full or vanished peer cannot take, unless it is told to report it (MANDATORY):
then a full peer is EAGAIN, and its messages wait here in order; a vanished one is EHOSTUNREACH.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import zmq
from draggan_wire.messages import Link
from draggan_wire.parts import Assembler, split

from .access.auth import Login
from .counters import Counters
from .listeners import LOCAL, Route, send_now
from .sessions import Frames

MAX_WAITING_BYTES = 384 * 2**20  # results that one client may leave unread
MAX_WAITING = 8192


@dataclass
class Peer:
    """One connection that has said hello."""

    route: Route
    login: Login
    client: str
    heard: float
    features: frozenset[str]
    assembler: Assembler
    link: Link | None = None  # what it has measured
    leaving: float | None = None  # since when it has had its last word
    waiting: deque[Sequence[bytes | bytearray | memoryview]] = field(default_factory=deque)
    waiting_bytes: int = 0

    @property
    def principal(self) -> str:
        return self.login.principal

    @property
    def bearable(self) -> bool:
        """Whether what it has left unread can still be kept."""
        return self.waiting_bytes <= MAX_WAITING_BYTES and len(self.waiting) <= MAX_WAITING


class Peers:
    """The connections, and sending to them without ever waiting for one.

    `sockets` are the listeners' own; what is bound later is served as well.
    """

    def __init__(self, sockets: dict[str, zmq.Socket[bytes]], counters: Counters) -> None:
        self._sockets, self._counters = sockets, counters
        self._peers: dict[Route, Peer] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._peers.values()))

    def get(self, route: Route) -> Peer | None:
        return self._peers.get(route)

    def add(self, peer: Peer) -> None:
        self._peers[peer.route] = peer

    def remove(self, route: Route) -> None:
        self._peers.pop(route, None)

    def of(self, principal: str) -> list[Peer]:
        return [peer for peer in self if peer.principal == principal]

    def any_waiting(self) -> bool:
        return any(peer.waiting for peer in self)

    def send(self, route: Route, frames: Frames, *, urgent: bool = False) -> bool:
        """Send, or keep for later; False where the peer is gone or has left too much unread.

        What is `urgent` passes what waits, and belongs to no session. What goes to another computer
        goes in parts, if the peer can put them together: a message that takes long must not look
        like a connection that is dead.
        """
        self._counters.bytes_out += _size(frames)
        peer = self._peers.get(route)
        if peer is None:  # it has not even said hello: it can do without this answer
            return self._try(route, frames) is not False
        if urgent and peer.waiting:
            peer.waiting.appendleft(frames)
            peer.waiting_bytes += _size(frames)
            return peer.bearable
        if route[0] == LOCAL or "parts" not in peer.features:
            return self._send(peer, frames)
        sent = [self._send(peer, part) for part in split(frames)]  # to the last one, whatever comes
        return all(sent)

    def flush(self, peer: Peer) -> bool:
        """Send what waits, as far as it goes; False where the peer is gone."""
        while peer.waiting:
            sent = self._try(peer.route, peer.waiting[0])
            if not sent:
                return sent is None
            peer.waiting_bytes -= _size(peer.waiting.popleft())
        return True

    def _send(self, peer: Peer, frames: Frames) -> bool:
        if not peer.waiting:
            sent = self._try(peer.route, frames)
            if sent is not None:
                return sent
        peer.waiting.append(frames)
        peer.waiting_bytes += _size(frames)
        return peer.bearable

    def _try(self, route: Route, frames: Sequence[bytes | bytearray | memoryview]) -> bool | None:
        listener, name = route
        return send_now(self._sockets[listener], [name, *frames])


def _size(frames: Sequence[bytes | bytearray | memoryview]) -> int:
    return sum(memoryview(frame).nbytes for frame in frames)


def talkative(peer: Peer) -> bool:
    """Whether the peer pings every few seconds as long as it lives: whoever measures its link."""
    return "link" in peer.features
