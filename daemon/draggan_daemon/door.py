"""The front door: one ROUTER loop that answers at once and never computes; no torch, no draggan.

Everything that comes in is a stranger's. A message is read by the wire's `decode` (limits, schema),
then checked against the connection (has it said hello?), the session (is it its own?) and this
daemon's limits; whatever goes wrong becomes an `error` answer. The work goes to the SessionWorker.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import zmq
from draggan_wire.errors import (
    BadMessage,
    EngineFailed,
    LimitExceeded,
    WireError,
    WrongProtocol,
)
from draggan_wire.messages import (
    FROM_CLIENT,
    MAJORS,
    Close,
    Closed,
    Credit,
    Drag,
    Error,
    Frame,
    Hello,
    ListModels,
    Message,
    ModelList,
    Open,
    Opened,
    Ping,
    Pong,
    Save,
    Seek,
    State,
    Stop,
    Welcome,
    decode,
    encode,
    encode_mismatch,
)

from .auth import LocalUserOnly, principal
from .config import Config
from .peers import Peer, Peers, router
from .requests import check_drag, picture_size
from .sessions import Frames, Session, Sessions
from .worker import Event, SessionWorker

log = logging.getLogger("draggand")

MAX_CONNECTIONS = 256
PROBE_SECONDS = 2.0  # a quiet peer is asked for so often
GRACE_SECONDS = 5.0  # for the steps in flight when the daemon ends
AT_ONCE = 64  # messages taken before the worker is heard


class Door:
    """Serves one ipc socket until it is told to end, or nobody has come for `idle_exit` seconds.

    `clock` gives seconds that only go forward. All methods belong to the thread that calls
    `serve()`, except `end()`, which may be called from a signal handler or another thread.
    """

    def __init__(
        self,
        worker: SessionWorker,
        config: Config,
        *,
        version: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._config, self._version, self._clock = worker, config, version, clock
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._zap = LocalUserOnly(self._context)
        self._router = router(self._context, config.limits.max_bytes)
        self._zap.guard(self._router)
        self._peers = Peers(self._router)
        self._sessions = Sessions(config.limits.max_sessions)
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ending = False
        self._active = self._probed = clock()
        self._handlers: dict[type[Any], Callable[[Peer, Any, int | None], None]] = {
            Open: self._open,
            Drag: self._drag,
            Seek: self._seek,
            Save: self._save,
            Stop: self._stop,
            Credit: self._credit,
            Close: self._close,
            ListModels: self._list_models,
            Ping: self._ping,
        }

    def bind(self, endpoint: str) -> None:
        """Start listening; the socket file is its owner's alone from its first moment."""
        before = os.umask(0o077)
        try:
            self._router.bind(endpoint)
        finally:
            os.umask(before)

    def end(self) -> None:
        """Ask `serve()` to come to an end."""
        self._ending = True
        with suppress(OSError):
            self._bell.send(b"!")

    def serve(self) -> None:
        poller = zmq.Poller()
        for source in (self._router, self._zap.socket, self._worker.fileno(), self._ear):
            poller.register(source, zmq.POLLIN)
        try:
            while not self._ending:
                self._turn(poller)
            self._wind_up(poller)
        finally:
            self._release()

    # One turn of the loop.

    def _turn(self, poller: zmq.Poller) -> None:
        wait_ms = 10 if self._peers.any_waiting() else 500
        ready = dict(poller.poll(wait_ms))
        if self._zap.socket in ready:
            self._zap.answer()
        if self._router in ready:
            self._receive()
        if self._worker.fileno() in ready:
            for event in self._worker.events():
                self._relay(event)
        self._look_after_peers()

    def _receive(self) -> None:
        for _ in range(AT_ONCE):
            try:
                route, *frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._take(route.bytes, frames)

    def _take(self, route: bytes, frames: list[zmq.Frame]) -> None:
        """One message; nothing that it contains can end the loop."""
        request = None
        try:
            envelope = decode([frame.buffer for frame in frames], ops=FROM_CLIENT)
            request = envelope.id
            self._handle(route, frames, envelope.message, request)
        except WrongProtocol:
            self._send(route, encode_mismatch())
        except WireError as error:
            self._refuse(route, error, error.request if request is None else request)
        except Exception:
            log.exception("a message could not be handled")
            problem = EngineFailed(
                "The daemon stumbled over a message.", hint="Its log has the details."
            )
            self._refuse(route, problem, request)

    def _handle(
        self, route: bytes, frames: list[zmq.Frame], message: Message, request: int | None
    ) -> None:
        if isinstance(message, Hello):
            self._hello(route, principal(frames[0]), message, request)
            return
        peer = self._peers.get(route)
        if peer is None:
            raise BadMessage(
                "A connection has to begin with hello.", hint="Connect again from the start."
            )
        peer.heard = self._clock()
        if not isinstance(message, Ping):
            self._active = peer.heard
        self._handlers[type(message)](peer, message, request)

    # What clients ask for.

    def _hello(self, route: bytes, user: str, message: Hello, request: int | None) -> None:
        spoken = set(MAJORS) & set(message.protocols)
        if not spoken:
            self._send(route, encode_mismatch())
            return
        if self._peers.get(route) is None and len(self._peers) >= MAX_CONNECTIONS:
            raise LimitExceeded(
                f"The daemon has {MAX_CONNECTIONS} connections and takes no more.",
                hint="Close other editors that use it.",
            )
        owned = [self._sessions.resumable(key, user) for key in message.resume]
        resumed = [session for session in owned if session is not None]
        welcome = Welcome(
            protocol=max(spoken),
            daemon=f"draggand {self._version}",
            device=self._worker.device(),
            limits=self._config.limits,
            models=self._worker.models(),
            resumed=tuple(session.id for session in resumed),
        )
        self._active = self._clock()
        self._peers.add(Peer(route, user, message.client, self._active))
        log.info("hello from %r (%s)", message.client, user)
        self._answer(route, welcome, request)
        for session in resumed:
            self._attach(session, route)

    def _open(self, peer: Peer, message: Open, request: int | None) -> None:
        width, height = picture_size(message, self._worker.models(), self._config.limits)
        session = self._sessions.create(peer.principal, peer.route)
        try:
            self._worker.open(session.id, message, request)
        except WireError:
            self._sessions.remove(session.id)
            raise
        log.info("session %s: open %s, %d x %d", session.id, message.model, width, height)
        self._answer(peer.route, Opened(session.id, session.token, width, height), request)

    def _drag(self, peer: Peer, message: Drag, request: int | None) -> None:
        session = self._sessions.attached(message.session, peer.route)
        check_drag(message, self._config.limits)
        self._worker.drag(message, request)
        log.info("session %s: drag %d handles", session.id, len(message.handles))

    def _seek(self, peer: Peer, message: Seek, request: int | None) -> None:
        self._sessions.attached(message.session, peer.route)
        self._worker.seek(message, request)

    def _save(self, peer: Peer, message: Save, request: int | None) -> None:
        session = self._sessions.attached(message.session, peer.route)
        self._worker.save(message, request)
        log.info("session %s: save", session.id)

    def _stop(self, peer: Peer, message: Stop, request: int | None) -> None:
        session = self._sessions.attached(message.session, peer.route)
        state = "stopping" if self._worker.stop(session.id) else "idle"
        log.info("session %s: stop", session.id)
        self._answer(peer.route, State(session=session.id, state=state), request)

    def _credit(self, peer: Peer, message: Credit, request: int | None) -> None:
        session = self._sessions.attached(message.session, peer.route)
        self._worker.credit(session.id, message.n)

    def _close(self, peer: Peer, message: Close, request: int | None) -> None:
        session = self._sessions.attached(message.session, peer.route)
        self._drop(session, "closed")
        self._answer(peer.route, Closed(session=session.id, reason="asked"), request)

    def _list_models(self, peer: Peer, message: ListModels, request: int | None) -> None:
        self._answer(peer.route, ModelList(models=self._worker.models()), request)

    def _ping(self, peer: Peer, message: Ping, request: int | None) -> None:
        self._answer(peer.route, Pong(), request)

    # What the worker says.

    def _relay(self, event: Event) -> None:
        session = self._sessions.get(event.session)
        if session is None:  # closed meanwhile
            return
        if isinstance(event.message, State):
            session.state = event.message.state
        elif not isinstance(event.message, Frame):
            log.debug("session %s: %s", session.id, event.message.op)
        if isinstance(event.message, Error):
            log.warning(
                "session %s: %s (%s)", session.id, event.message.sentence, event.message.code
            )
        frames = _encode(event.message, event.re)
        if session.route is None:
            session.missed.append(frames)
        else:
            self._send(session.route, frames)
        if event.ends_session:
            self._sessions.remove(session.id)
            log.info("session %s: ended", session.id)

    # Connections that come and go.

    def _attach(self, session: Session, route: bytes) -> None:
        old, session.route = session.route, route
        self._worker.withdraw_credit(session.id)
        if old is not None and old != route:
            self._answer(old, Closed(session=session.id, reason="moved"), None)
        log.info("session %s: resumed", session.id)
        while session.missed and session.route is not None:
            self._send(route, session.missed.popleft())

    def _answer(self, route: bytes, message: Message, request: int | None) -> None:
        self._send(route, encode(message, reply=request))

    def _refuse(self, route: bytes, error: WireError, request: int | None) -> None:
        log.info("refused: %s (%s)", error.sentence, error.code)
        self._answer(route, _error(error), request)

    def _send(self, route: bytes, frames: Frames) -> None:
        if not self._peers.send(route, frames):
            self._lose(route)

    def _lose(self, route: bytes) -> None:
        """The client is gone: its drags end, its sessions wait for it as long as the lease."""
        peer = self._peers.get(route)
        self._peers.remove(route)
        if peer is not None:
            log.info("%r is gone", peer.client)
        for session in self._sessions.of_route(route):
            session.route, session.detached = None, self._clock()
            if session.state == "dragging":
                self._worker.stop(session.id)

    def _look_after_peers(self) -> None:
        now = self._clock()
        for peer in self._peers:
            if not self._peers.flush(peer):
                self._lose(peer.route)
        if now - self._probed < PROBE_SECONDS:
            return
        self._probed = now
        for peer in self._peers:
            if now - peer.heard >= PROBE_SECONDS:
                self._answer(peer.route, Pong(), None)
        for session in self._sessions:
            if session.route is None and now - session.detached > self._config.lease:
                self._drop(session, "not resumed in time")
        if self._idle(now):
            log.info("nobody has come for %g s", self._config.idle_exit)
            self._ending = True

    def _idle(self, now: float) -> bool:
        limit = self._config.idle_exit
        return limit is not None and not len(self._sessions) and now - self._active > limit

    def _drop(self, session: Session, why: str) -> None:
        self._worker.close(session.id)
        self._sessions.remove(session.id)
        log.info("session %s: %s", session.id, why)

    # The end.

    def _wind_up(self, poller: zmq.Poller) -> None:
        """Finish the steps in flight, hand out what they leave, say goodbye."""
        log.info("ending")
        poller.unregister(self._ear)
        self._worker.end()
        deadline = time.monotonic() + GRACE_SECONDS
        while not self._worker.ended() and time.monotonic() < deadline:
            self._turn(poller)
        for event in self._worker.events():
            self._relay(event)
        for session in self._sessions:
            if session.route is not None:
                self._answer(session.route, Closed(session=session.id, reason="shutdown"), None)
        while self._peers.any_waiting() and time.monotonic() < deadline:
            self._turn(poller)

    def _release(self) -> None:
        self._router.close(linger=1000)
        self._zap.socket.close(linger=0)
        self._context.term()
        self._bell.close()
        self._ear.close()


def _encode(message: Message, re: int | None) -> Frames:
    """The frames of what a worker said; what breaks the protocol's rules is said, not sent."""
    try:
        return encode(message, reply=re)
    except WireError as error:
        log.error("the engine said something unfit to send: %s", error.sentence)
        return encode(_error(EngineFailed("The engine's answer broke the protocol.")), reply=re)


def _error(error: WireError) -> Error:
    return Error(error.code, error.sentence[:2000], error.hint[:2000])
