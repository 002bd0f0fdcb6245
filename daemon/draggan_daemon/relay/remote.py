"""One encrypted connection to a daemon on another machine, and why it fails, in words; pyzmq only.

libzmq tells of a login's end by its monitor only. The socket never reconnects by itself: a new
connection is a new conversation, which begins with hello. Nor does libzmq send heartbeats here: it
aborts the process (4.3.5) when one is due on a connection that has ended with messages unread, as
a busy editor leaves them. So the protocol's own ping finds out whether the daemon is still there.
"""

from __future__ import annotations

import errno
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zmq
from draggan_wire.errors import AccessRefused, ConnectionLost, NoDaemon, WireError
from draggan_wire.messages import Ping, encode
from draggan_wire.pixels import MAX_BUFFER
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

from ..access.invitations import Remote
from ..access.keys import KeyPair

Frames = list[zmq.Frame] | list[bytes]

OPENING_SECONDS = 5.0
HEARTBEAT = 1.0  # seconds without a word of ours before a ping
PATIENCE = 4  # heartbeats without a word of the daemon's before it counts as lost
MAX_WAITING_BYTES = 512 * 2**20  # what one program may have sent that the network has not taken

_OPTIONS = {
    zmq.LINGER: 0,
    zmq.RECONNECT_IVL: -1,
    zmq.IMMEDIATE: 1,
    zmq.CONNECT_TIMEOUT: int(1000 * OPENING_SECONDS),
    zmq.HANDSHAKE_IVL: int(1000 * OPENING_SECONDS),
    zmq.SNDHWM: 64,
    zmq.RCVHWM: 0,  # a full queue and a ping in it abort the process, too
    zmq.MAXMSGSIZE: MAX_BUFFER,
}
_TOLD = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
)


@dataclass(frozen=True)
class Destination:
    """A daemon elsewhere, the key by which it is known, and the file and line that say so."""

    remote: Remote
    server: bytes
    known_in: Path
    line: int | None = None


def families(remote: Remote) -> tuple[bool, ...]:
    """Whether to try by IPv6, one after the other: libzmq tries one address of a name only."""
    try:
        return (ipaddress.ip_address(remote.host).version == 6,)
    except ValueError:
        return (False, True)


class FarSide:
    """A DEALER under CURVE. `take_events` is called whenever something happens, `beat` after it.

    `ipv6` says by which kind of address a name is looked up. `opened` turns true once the daemon
    has let us in, `failure` is set when all is over. `met`: it has let us in before, so whoever
    hangs up is what stands before it (a tunnel, a forwarded port) while the daemon is away.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        destination: Destination,
        own: KeyPair,
        *,
        ipv6: bool = False,
        met: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.opened = False
        self.failure: WireError | None = None
        self._destination, self._met, self._clock = destination, met, clock
        self._deadline = clock() + OPENING_SECONDS
        self._last_beat = clock()
        self._heard, self._missed = True, 0
        self._waiting: deque[Frames] = deque()
        self._waiting_bytes = 0
        self.socket = context.socket(zmq.DEALER)
        for option, value in _OPTIONS.items():
            self.socket.setsockopt(option, value)
        self.socket.setsockopt(zmq.IPV6, int(ipv6))
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, z85.encode(destination.server))
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, z85.encode(own.public))
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, z85.encode(own.secret))
        self.monitor = self.socket.get_monitor_socket(_TOLD)
        self.socket.connect(f"tcp://{destination.remote}")

    @property
    def writing(self) -> bool:
        """Whether something waits for the network."""
        return self.opened and bool(self._waiting)

    @property
    def unsent(self) -> tuple[Frames, ...]:
        """What waits, the first first."""
        return tuple(self._waiting)

    def send(self, frames: Frames) -> None:
        """Queues one message; it leaves when the connection stands."""
        self._waiting.append(frames)
        self._waiting_bytes += sum(len(frame) for frame in frames)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._fail(ConnectionLost("More was sent than the connection can carry."))
        self.flush()

    def flush(self) -> None:
        """Hands on what waits, as far as the network takes it."""
        while self.opened and self._waiting:
            try:
                self.socket.send_multipart(self._waiting[0], zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._waiting_bytes -= sum(len(frame) for frame in self._waiting.popleft())

    def receive(self) -> Frames | None:
        """The next message, if one is there."""
        try:
            frames = self.socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        self._heard = True
        return frames

    def beat(self, *, held: bool = False) -> None:
        """Asks once a second whether the daemon is there; sets `failure` after a long silence.

        `held`: nothing is received at present, so silence means nothing. Heartbeats are counted,
        not timed: a computer that slept must not take its own absence for the daemon's.
        """
        now = self._clock()
        if not self.opened or now - self._last_beat < HEARTBEAT:
            return
        self._last_beat = now
        self._missed = 0 if self._heard or held else self._missed + 1
        self._heard = False
        if self._missed > PATIENCE:
            self._fail(self._lost())
        elif not self._waiting:
            # Without a number, so that the pong is no answer to anything the program has asked.
            self.send([bytes(frame) for frame in encode(Ping())])

    def take_events(self) -> None:
        """What libzmq has to tell of the connection; sets `opened` or `failure`."""
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)
            if event["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.opened = True
            else:
                self._fail(self._reason(event["event"], event["value"]))
        if not self.opened and self._clock() > self._deadline:
            self._fail(self._silent())
        self.flush()

    def close(self) -> None:
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=0)

    def _fail(self, error: WireError) -> None:
        if self.failure is None:  # the first event is the cause, the others follow from it
            self.failure = error

    def _reason(self, event: int, value: int) -> WireError:
        remote = self._destination.remote
        if self.opened:
            return self._lost()
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return AccessRefused(
                f"The daemon at {remote} does not accept this computer's key, or not any more.",
                hint="Ask its administrator for a new invitation: `draggand invite NAME`.",
            )
        if event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL and value != errno.EAGAIN:
            return self._hung_up() if self._met else self._another()
        if event in (zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_DISCONNECTED):
            return NoDaemon(
                f"Something else than a DragGAN daemon for other machines answers at {remote}.",
                hint="Check the address and the port: `listen` in the daemon's [remote] settings.",
            )
        return self._silent()

    def _lost(self) -> ConnectionLost:
        return ConnectionLost(
            f"The connection to the daemon at {self._destination.remote} was lost.",
            hint="It comes back by itself when the network and the daemon are there again.",
        )

    def _another(self) -> AccessRefused:
        return AccessRefused(
            f"What answers at {self._destination.remote} is not the daemon that is known by that "
            "address; somebody may be pretending to be it.",
            hint=f"If the daemon is ending just now, this passes. {self._if_changed()}",
        )

    def _hung_up(self) -> NoDaemon:
        return NoDaemon(
            f"No daemon answers at {self._destination.remote}; whatever takes the connection there "
            "hangs up.",
            hint=f"If the daemon is being started again, this passes. {self._if_changed()}",
        )

    def _if_changed(self) -> str:
        file, line = self._destination.known_in, self._destination.line
        where = f"line {line} of {file}" if line else file
        return (
            "If its key was changed on purpose, its `draggand key show` prints what has to stand "
            f"in {where}; then start the relay again."
        )

    def _silent(self) -> NoDaemon:
        return NoDaemon(
            f"No daemon answers at {self._destination.remote}.",
            hint="Check that the computer is on, that `draggand serve` runs there with `listen` "
            "set under [remote], and that no firewall is in between.",
        )
