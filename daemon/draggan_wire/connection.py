"""One live connection: a stream socket under the DEALER of `zmtp`, with heartbeats; stdlib only.

The stream is a socket of this machine, or a `Tunnel` to another one.
"""

from __future__ import annotations

import selectors
import socket
import time
from typing import List, Optional, Tuple

from .endpoint import Endpoint, check_socket_folder
from .errors import AccessRefused, ConnectionLost, NoDaemon, WireError
from .pixels import Bytes
from .tunnel import Tunnel
from .zmtp import STAGING, Credentials, Dealer, FrameLimits

HEARTBEAT = 1.0  # seconds of silence before a PING
PATIENCE = 3  # unanswered heartbeats before the connection counts as lost
HANDSHAKE = 5.0  # seconds for connecting, and again for the handshake
TUNNEL_OPENING = 90.0  # seconds: ssh logs in, and the far side starts a daemon from a cold disk
NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)  # an embedding editor may not ignore SIGPIPE
READS_PER_TURN = 64  # so that a flood cannot starve what we have to say

Frames = List[Bytes]


class Connection:
    """Connected to a daemon; the handshake goes on in `turn`. To be used by one thread.

    `wake` is a readable socket that ends a waiting `turn` early. Raises NoDaemon or AccessRefused
    when there is nothing to connect to, and whatever `Dealer` raises.

    `transfers` are bytes and seconds of large frames that had to be waited for, to be taken away by
    whoever wants to know what comes through.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        wake: socket.socket,
        *,
        credentials: Optional[Credentials] = None,
        limits: Optional[FrameLimits] = None,
    ) -> None:
        self._endpoint = endpoint
        self._dealer = Dealer(credentials=credentials, limits=limits)
        self._tunnel = Tunnel(endpoint.ssh) if endpoint.ssh else None
        self._socket = self._tunnel.socket if self._tunnel else open_socket(endpoint)
        self._wake = wake
        self._pending: List[memoryview] = []
        self._started = self._last_beat = time.monotonic()
        self._heard, self._sent, self._missed = True, False, 0
        self._blocked = False
        self._waited: Optional[Tuple[float, int]] = None
        self.transfers: List[Tuple[int, float]] = []
        self._failure: Optional[WireError] = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(wake, selectors.EVENT_READ)
        if self._tunnel:
            self._selector.register(self._tunnel.errors, selectors.EVENT_READ)

    @property
    def ready(self) -> bool:
        """Whether the handshake is done, so that messages may be sent."""
        return self._dealer.ready

    @property
    def writing(self) -> bool:
        """Whether something still waits to be written."""
        return bool(self._pending or self._dealer.waiting)

    def send(self, frames: Frames) -> None:
        """Queues one message for the next turns."""
        self._dealer.send(frames)

    def turn(self, longest: float = HEARTBEAT) -> List[Frames]:
        """Reads, writes and keeps alive for up to `longest` seconds; returns what has come.

        When the connection breaks, what came before is returned first and the next turn raises.
        """
        if self._failure is None:
            try:
                self._exchange(longest)
            except WireError as error:
                self._failure = error
        messages = list(self._dealer.messages)
        self._dealer.messages.clear()
        if self._failure is not None and not messages:
            raise self._failure
        return messages

    def close(self) -> None:
        """Closes the socket and ends the tunnel; nothing is flushed."""
        self._selector.close()
        if self._tunnel:
            self._tunnel.close()
        self._socket.close()

    @property
    def _standing(self) -> bool:
        return self._tunnel is None or self._tunnel.standing

    def _exchange(self, longest: float) -> None:
        self._write()
        writing = self.writing and self._standing
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        self._selector.modify(self._socket, wanted)
        beat = max(0.0, self._last_beat + HEARTBEAT - time.monotonic())
        for key, mask in self._selector.select(min(longest, beat)):
            if key.fileobj is self._wake:
                self._wake.recv(STAGING)
            elif self._tunnel and key.fileobj is self._tunnel.errors:
                if not self._tunnel.listen():
                    self._selector.unregister(key.fileobj)
            elif self._tunnel and not self._tunnel.standing:
                self._open(self._tunnel)
            elif mask & selectors.EVENT_READ:
                self._read()
        self._beat()
        self._write()

    def _open(self, tunnel: Tunnel) -> None:
        tunnel.open()
        if tunnel.standing:
            self._started = time.monotonic()

    def _read(self) -> None:
        for _ in range(READS_PER_TURN):
            missing = self._dealer.missing
            try:
                count = self._socket.recv_into(self._dealer.buffer())
            except BlockingIOError:
                if self._waited is None and missing > STAGING:
                    self._waited = (time.monotonic(), missing)
                return
            except OSError as error:
                raise self._lost() from error
            if not count:
                raise self._lost()
            self._heard = True
            self._dealer.received(count)
            if self._waited and count >= missing:  # the frame that was waited for is complete
                since, size = self._waited
                self.transfers.append((size, time.monotonic() - since))
                self._waited = None

    def _write(self) -> None:
        while self.writing and self._standing:
            if not self._pending:
                self._pending = _views(self._dealer.chunks())
            try:
                count = self._socket.send(self._pending[0], NO_SIGNAL)
            except BlockingIOError:
                self._blocked = True
                return
            except OSError as error:
                raise self._lost() from error
            self._heard |= self._blocked  # the peer has made room: a sign of life, too
            self._blocked, self._sent = False, True
            self._pending[0] = self._pending[0][count:]
            if not self._pending[0]:
                self._pending.pop(0)

    def _beat(self) -> None:
        """Pings after a second without a word of either side, gives up after PATIENCE of them.

        The daemon must hear of us also while much comes slowly: its own pings stand behind that.
        Heartbeats are counted, not timed: a machine that slept, or an editor that held the
        interpreter, must not mistake its own absence for the daemon's.
        """
        now = time.monotonic()
        if self._tunnel and not self._tunnel.standing:
            if now - self._started > TUNNEL_OPENING:
                raise self._tunnel.too_slow()
            return
        if not self.ready and now - self._started > HANDSHAKE:
            raise NoDaemon(
                f"Whatever listens at {self._endpoint} does not answer.",
                hint="Restart the daemon: `draggand serve`.",
            )
        if now - self._last_beat < HEARTBEAT:
            return
        self._last_beat = now
        self._missed = 0 if self._heard else self._missed + 1
        if self._missed > PATIENCE:
            raise self._lost()
        silent = not (self._sent or self.writing)
        if self.ready and (silent or not self._heard):
            self._dealer.ping()
        self._heard = self._sent = False

    def _lost(self) -> WireError:
        told = self._tunnel.failure() if self._tunnel else None
        if told is not None:
            return told
        if not self.ready:  # libzmq hangs up without a word on a wrong mechanism
            return ConnectionLost(
                "The daemon hung up while this program was logging in.",
                hint="It may be ending; if it wants a password, use the one that it printed.",
            )
        return ConnectionLost(
            "The connection to the daemon was lost.",
            hint="It is tried again by itself; see the daemon's output if it stays away.",
        )


def open_socket(endpoint: Endpoint) -> socket.socket:
    """A connected, non-blocking socket; raises NoDaemon or AccessRefused in the user's words."""
    if endpoint.path:
        check_socket_folder(endpoint.path)
    try:
        return _connect(endpoint)
    except PermissionError as error:
        raise AccessRefused(
            f"This user may not connect to {endpoint}.",
            hint="Run the daemon as the same user.",
        ) from error
    except OSError as error:
        raise NoDaemon(
            f"No daemon answers at {endpoint}.", hint="Start it with `draggand serve`."
        ) from error


def _connect(endpoint: Endpoint) -> socket.socket:
    if endpoint.path:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("no unix sockets on this system")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        address: object = endpoint.path
    else:
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = (endpoint.host, endpoint.port)
    try:
        sock.settimeout(HANDSHAKE)
        sock.connect(address)  # type: ignore[arg-type]
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _views(chunks: List[Bytes]) -> List[memoryview]:
    """Chunks as byte views; small messages become one, so that they leave in one piece."""
    views = [memoryview(chunk).cast("B") for chunk in chunks if memoryview(chunk).nbytes]
    if sum(view.nbytes for view in views) <= STAGING:
        return [memoryview(b"".join(views))]
    return views
