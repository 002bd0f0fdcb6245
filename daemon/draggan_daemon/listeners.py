"""The daemon's ROUTER sockets, one for each way in and its way of logging in; pyzmq only.

A socket that has been bound for one mechanism never serves another, so which socket a message came
by says how its sender was let in.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import zmq

from .access.auth import Gatekeeper

LOCAL, LOOPBACK, REMOTE = "local", "loopback", "remote"

Route = tuple[str, bytes]  # which socket, and libzmq's name for the connection


class Listeners:
    """The sockets by their names LOCAL, LOOPBACK and REMOTE; none is there before it is bound.

    A frame of more than `max_bytes` ends the connection that it came on. What `bind_*` cannot have
    raises zmq.ZMQError.
    """

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], gatekeeper: Gatekeeper, *, max_bytes: int
    ) -> None:
        self._context, self._gatekeeper, self._max_bytes = context, gatekeeper, max_bytes
        self.sockets: dict[str, zmq.Socket[bytes]] = {}
        self.endpoints: list[str] = []  # for people

    def bind_local(self, path: Path) -> None:
        """A socket file, its owner's alone from its first moment."""
        socket = _router(self._context, self._max_bytes)
        self._gatekeeper.guard_local(socket)
        before = os.umask(0o077)
        try:
            socket.bind(f"ipc://{path}")
        finally:
            os.umask(before)
        self._add(LOCAL, socket)

    def bind_loopback(self, port: int | None) -> int:
        """This computer's TCP, with a password; None takes a free port. Returns the port."""
        socket = _router(self._context, self._max_bytes)
        self._gatekeeper.guard_loopback(socket)
        number = socket.bind_to_random_port("tcp://127.0.0.1") if port is None else port
        if port is not None:
            socket.bind(f"tcp://127.0.0.1:{port}")
        self._add(LOOPBACK, socket)
        return number

    def bind_remote(self, address: str, secret_key: bytes) -> str:
        """Other computers, encrypted, for authorised keys only; `address` is host:port.

        Returns the address that it has become.
        """
        socket = _router(self._context, self._max_bytes)
        _far(socket)
        socket.setsockopt(zmq.IPV6, int(address.startswith(("[", "*"))))
        self._gatekeeper.guard_remote(socket, secret_key)
        socket.bind(f"tcp://{address}")
        return self._add(REMOTE, socket)

    def _add(self, name: str, socket: zmq.Socket[bytes]) -> str:
        address = str(socket.last_endpoint.decode())  # type: ignore[union-attr]
        self.sockets[name] = socket
        self.endpoints.append(address)
        return address

    def close(self) -> None:
        """Gives what is still to be sent a second."""
        for socket in self.sockets.values():
            socket.close(linger=1000)


def send_now(
    socket: zmq.Socket[bytes], frames: Sequence[bytes | bytearray | memoryview]
) -> bool | None:
    """True: sent. None: the peer cannot take it now. False: the peer is gone."""
    try:
        socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
    except zmq.Again:
        return None
    except zmq.ZMQError as error:
        if error.errno == zmq.EHOSTUNREACH:
            return False
        raise
    return True


def _router(context: zmq.Context[zmq.Socket[bytes]], max_bytes: int) -> zmq.Socket[bytes]:
    """With a queue that is never full, and without libzmq's heartbeats: libzmq (4.3.5) aborts the
    process (`!_io_error`) when a peer has filled the queue and hung up before we read on, and a
    heartbeat of ours is due or one of the peer's stands in what was not taken yet. The door always
    reads, hangs up on floods, and looks after silent peers itself."""
    socket = context.socket(zmq.ROUTER)
    options = {
        zmq.ROUTER_MANDATORY: 1,
        zmq.MAXMSGSIZE: max_bytes,
        zmq.SNDHWM: 64,
        zmq.RCVHWM: 0,
        zmq.HANDSHAKE_IVL: 5000,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
    return socket


def _far(socket: zmq.Socket[bytes]) -> None:
    """Little waits in libzmq and the system, so that what is urgent waits for little."""
    options = {
        zmq.SNDHWM: 4,
        zmq.SNDBUF: 1 << 20,
        zmq.TCP_MAXRT: 10_000,  # milliseconds that what was sent may stay unacknowledged
        zmq.TCP_KEEPALIVE: 1,
        zmq.TCP_KEEPALIVE_IDLE: 10,
        zmq.TCP_KEEPALIVE_INTVL: 5,
        zmq.TCP_KEEPALIVE_CNT: 3,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
