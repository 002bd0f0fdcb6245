"""A real pyzmq ROUTER in a thread, with a minimal ZAP handler: the peer of the client's tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from types import TracebackType

import zmq

Multipart = list[bytes]
Answer = Callable[[Multipart], Iterable[Multipart]]


def echo(frames: Multipart) -> Iterable[Multipart]:
    return [frames]


class Router:
    """Bound to `endpoint`; `answer` maps a multipart to those sent back to its sender.

    `password` turns PLAIN on (user "anna"); `heartbeat` is libzmq's HEARTBEAT_IVL in milliseconds.
    """

    def __init__(
        self,
        endpoint: str,
        answer: Answer = echo,
        *,
        password: str | None = None,
        heartbeat: int = 0,
        socket_type: int = zmq.ROUTER,
    ) -> None:
        self._answer = answer
        self._password = password
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._zap = self._context.socket(zmq.REP)
        self._zap.bind("inproc://zeromq.zap.01")
        self._router = self._context.socket(socket_type)
        self._router.linger = 0
        self._router.zap_domain = b"test"
        self._router.plain_server = password is not None
        self._router.heartbeat_ivl = heartbeat
        self._router.heartbeat_timeout = 3 * heartbeat
        self._router.bind(endpoint)
        self.endpoint = self._router.last_endpoint.decode()
        self.received: list[Multipart] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def __enter__(self) -> Router:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._zap, zmq.POLLIN)
        while not self._ending.is_set():
            ready = dict(poller.poll(10))
            if self._zap in ready:
                self._admit()
            if self._router in ready:
                route, *frames = self._router.recv_multipart()
                self.received.append(frames)
                for answer in self._answer(frames):
                    self._router.send_multipart([route, *answer])
        self._context.destroy(linger=0)

    def _admit(self) -> None:
        version, number, _, _, _, mechanism, *credentials = self._zap.recv_multipart()
        expected = [] if self._password is None else [b"anna", self._password.encode()]
        status = b"200" if credentials == expected else b"400"
        self._zap.send_multipart([version, number, status, b"", mechanism, b""])
