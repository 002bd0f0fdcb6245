"""A ROUTER for each way in, behind one Gatekeeper: the daemon's side of tests about who gets in."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

import zmq
from draggan_daemon.access.access import Access
from draggan_daemon.access.auth import Gatekeeper, login
from draggan_daemon.access.keys import KeyPair
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

WAYS = ("local", "loopback", "remote")
_OUTCOMES = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
)


class GuardedSockets:
    """Answers each message with its sender's principal; `received` has all that came through."""

    def __init__(self, path: Path, access: Access | None, *, token: str | None = "right") -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.gatekeeper = Gatekeeper(self._context, token=token, access=access)
        self.received: list[tuple[str, list[bytes]]] = []
        self._sockets = {way: self._context.socket(zmq.ROUTER) for way in WAYS}
        self.gatekeeper.guard_local(self._sockets["local"])
        self.gatekeeper.guard_loopback(self._sockets["loopback"])
        if access is not None:
            self.server = access.server_pair()
            self.gatekeeper.guard_remote(self._sockets["remote"], self.server.secret)
        self._sockets["local"].bind(f"ipc://{path}")
        ports = {way: _bind(self._sockets[way]) for way in WAYS[1:] if access or way != "remote"}
        self.addresses = {"local": f"ipc://{path}"}
        self.addresses.update({way: f"tcp://127.0.0.1:{port}" for way, port in ports.items()})
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> GuardedSockets:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._context.destroy(linger=0)

    def port(self, way: str) -> int:
        return int(self.addresses[way].rpartition(":")[2])

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self.gatekeeper.socket, zmq.POLLIN)
        for socket in self._sockets.values():
            poller.register(socket, zmq.POLLIN)
        while not self._ending.is_set():
            ready = dict(poller.poll(10))
            if self.gatekeeper.socket in ready:
                self.gatekeeper.answer()
            for way, socket in self._sockets.items():
                if socket in ready:
                    route, *frames = socket.recv_multipart(copy=False)
                    self.received.append((way, [frame.bytes for frame in frames]))
                    socket.send_multipart([route, login(frames[0]).principal.encode()])


def _bind(socket: zmq.Socket[bytes]) -> int:
    return socket.bind_to_random_port("tcp://127.0.0.1")


class Login:
    """A DEALER that tries to get in; `user` is who the other side took it for, None: nobody.

    `outcome` names libzmq's event at the end of the handshake.
    """

    def __init__(
        self,
        address: str,
        *,
        server: bytes | None = None,
        own: KeyPair | None = None,
        plain: tuple[str, str] | None = None,
        patience_ms: int = 3000,
    ) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.outcome, self.user = "none", None
        try:
            dealer = context.socket(zmq.DEALER)
            dealer.linger = 0
            dealer.reconnect_ivl = -1
            if own is not None:
                dealer.curve_serverkey = z85.encode(server or own.public)
                dealer.curve_publickey = z85.encode(own.public)
                dealer.curve_secretkey = z85.encode(own.secret)
            if plain is not None:
                dealer.plain_username, dealer.plain_password = (word.encode() for word in plain)
            monitor = dealer.get_monitor_socket(_OUTCOMES)
            dealer.connect(address)
            if monitor.poll(patience_ms):
                self.outcome = recv_monitor_message(monitor)["event"].name
            if self.outcome == "HANDSHAKE_SUCCEEDED":
                dealer.send(b"who am I?")
                self.user = dealer.recv().decode() if dealer.poll(1000) else None
            dealer.disable_monitor()
        finally:
            context.destroy(linger=0)
