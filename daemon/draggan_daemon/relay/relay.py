"""Offers a daemon on another machine as a local one: a socket here, CURVE there; pyzmq only.

Each local connection gets an encrypted one of its own, and its messages pass unchanged: sessions,
credit and acknowledgements are between the two ends. What breaks there ends the connection here,
with words; the client comes back with hello and resumes.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zmq
from draggan_wire.errors import ConnectionLost, LimitExceeded, NoDaemon, WireError
from draggan_wire.messages import FROM_CLIENT, Error, Hello, decode, encode
from draggan_wire.pixels import MAX_BUFFER

from ..access.auth import Gatekeeper
from ..access.keys import KeyPair
from ..bell import Bell
from ..listeners import LOCAL, Listeners, send_now
from .remote import Destination, FarSide, Frames, families

log = logging.getLogger("draggand.relay")

MAX_LINES = 32  # local connections
AT_ONCE = 64  # messages of one connection before the others are looked at
MAX_DISMISSED = 256


@dataclass
class Line:
    """A local connection and the one that was made for it."""

    route: bytes
    far: FarSide
    greeting: int | None  # the number of its hello
    tries: int = 1  # how many kinds of address have been tried
    unread: Frames | None = None  # what its program could not take yet


class Relay:
    """Serves one local socket until it is told to end; all but `end` is for one thread."""

    def __init__(
        self,
        destination: Destination,
        own: KeyPair,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._destination, self._own, self._clock = destination, own, clock
        self._near: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        # Of its own: looking up a name blocks a context's thread, and local programs must not wait.
        self._away: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._near)
        self._listeners = Listeners(self._near, self._gatekeeper, max_bytes=MAX_BUFFER)
        self._lines: dict[bytes, Line] = {}
        self._dismissed: OrderedDict[bytes, WireError] = OrderedDict()
        self._bell = Bell()
        self._ending = False
        self._families = itertools.cycle(families(destination.remote))
        self._ipv6 = next(self._families)
        self._said = ""
        self._met = False  # the daemon has shown that it is the one

    def bind(self, path: Path) -> None:
        """Start listening at a local socket, as a daemon would."""
        self._listeners.bind_local(path)

    def end(self) -> None:
        """Ask `serve` to come to an end; for signal handlers and other threads too."""
        self._ending = True
        self._bell.ring()

    def serve(self) -> None:
        try:
            while not self._ending:
                self._turn()
        finally:
            self._release()

    # One turn of the loop.

    def _turn(self) -> None:
        held = any(line.unread is not None for line in self._lines.values())
        ready = dict(self._poller().poll(10 if held else 500))
        if self._gatekeeper.socket in ready:
            self._gatekeeper.answer()
        if self._router in ready:
            self._take_from_near()
        for line in list(self._lines.values()):
            self._attend(line)

    @property
    def _router(self) -> zmq.Socket[bytes]:
        return self._listeners.sockets[LOCAL]

    def _poller(self) -> zmq.Poller:
        poller = zmq.Poller()
        for source in (self._gatekeeper.socket, self._router, self._bell.fileno()):
            poller.register(source, zmq.POLLIN)
        for line in self._lines.values():
            poller.register(line.far.monitor, zmq.POLLIN)
            # A program that does not read lets its own daemon wait, not this relay's memory grow.
            wanted = zmq.POLLIN if line.unread is None else 0
            wanted |= zmq.POLLOUT if line.far.writing else 0
            if wanted:
                poller.register(line.far.socket, wanted)
        return poller

    # From here to there.

    def _take_from_near(self) -> None:
        for _ in range(AT_ONCE):
            try:
                route, *frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            line = self._lines.get(route.bytes)
            if line is not None:
                line.far.send(frames)
            else:
                self._meet(route.bytes, frames)

    def _meet(self, route: bytes, frames: list[zmq.Frame]) -> None:
        """The first message of a connection: only hello may open one to the other machine."""
        if (dismissed := self._dismissed.get(route)) is not None:
            self._say(route, dismissed)
            return
        try:
            envelope = decode([frame.buffer for frame in frames], ops=FROM_CLIENT)
        except WireError as error:
            self._dismiss(route, error, error.request)
            return
        if not isinstance(envelope.message, Hello):
            lost = ConnectionLost("The relay was started anew.", hint="Connect again.")
            self._dismiss(route, lost, None)
        elif len(self._lines) >= MAX_LINES:
            full = LimitExceeded(
                f"The relay has {MAX_LINES} connections and takes no more.",
                hint="Close other editors that use it.",
            )
            self._dismiss(route, full, envelope.id)
        else:
            self._connect(route, frames, envelope.id)

    def _connect(self, route: bytes, frames: list[zmq.Frame], greeting: int | None) -> None:
        self._lines[route] = line = Line(route, self._far_side(), greeting)
        line.far.send(frames)

    def _far_side(self) -> FarSide:
        return FarSide(
            self._away,
            self._destination,
            self._own,
            ipv6=self._ipv6,
            met=self._met,
            clock=self._clock,
        )

    # From there to here.

    def _attend(self, line: Line) -> None:
        was_open = line.far.opened
        line.far.take_events()
        if line.far.opened and not was_open:
            self._met = True
            self._report(f"connected to the daemon at {self._destination.remote}")
        alive = self._pass_on(line)
        line.far.beat(held=line.unread is not None)
        if not alive:
            self._forget(line)  # its program is gone, so the daemon is told by hanging up
        elif line.far.failure is not None:
            self._lose(line, line.far.failure)

    def _pass_on(self, line: Line) -> bool:
        """What has come, as far as the program takes it; False where the program is gone."""
        for _ in range(AT_ONCE):
            if line.unread is None:
                line.unread = line.far.receive()
            if line.unread is None:
                return True
            taken = self._send(line.route, line.unread)
            if not taken:
                return taken is None
            line.unread = None
        return True

    def _send(self, route: bytes, frames: Frames) -> bool | None:
        return send_now(self._router, [route, *frames])

    # The end of a connection.

    def _lose(self, line: Line, failure: WireError) -> None:
        if isinstance(failure, NoDaemon):
            self._ipv6 = next(self._families)
            if line.tries < len(families(self._destination.remote)):
                self._try_again(line)
                return
        self._report(failure.sentence)
        self._forget(line)
        self._dismiss(line.route, failure, None if line.far.opened else line.greeting)

    def _try_again(self, line: Line) -> None:
        """By the other kind of address; nothing has been sent over the first one."""
        said = line.far.unsent
        line.far.close()
        line.far, line.tries = self._far_side(), line.tries + 1
        for frames in said:
            line.far.send(frames)

    def _forget(self, line: Line) -> None:
        del self._lines[line.route]
        line.far.close()

    def _dismiss(self, route: bytes, error: WireError, greeting: int | None) -> None:
        """A connection that is over gets this as its answer, whatever else it still says."""
        self._dismissed[route] = error
        while len(self._dismissed) > MAX_DISMISSED:
            self._dismissed.popitem(last=False)
        self._say(route, error, greeting)

    def _say(self, route: bytes, error: WireError, greeting: int | None = None) -> None:
        message = Error(error.code, error.sentence[:2000], error.hint[:2000])
        self._send(route, [bytes(frame) for frame in encode(message, reply=greeting)])

    def _report(self, sentence: str) -> None:
        """Into the log, but a machine that stays away is no news at every attempt."""
        if sentence != self._said:
            self._said = sentence
            log.info("%s", sentence)

    def _release(self) -> None:
        for line in list(self._lines.values()):
            self._forget(line)
        self._router.close(linger=0)
        self._gatekeeper.socket.close(linger=0)
        self._near.term()
        self._away.term()
        self._bell.close()
