"""The front door: one loop over the sockets that answers at once and never computes; no torch.

Everything that comes in is a stranger's. In this order it is
    let in      by the Gatekeeper, before libzmq hands anything over: whose connection is it?
    counted     against what its user may send; who sends far too much is not read
    read        by the wire's `decode`: limits, form, types, ranges
    placed      has the connection said hello? is the session its own? may it ask for that?
    handed on   to the SessionWorker; what the worker says goes through the journal to the client
Whatever goes wrong on the way becomes an `error` answer, and nothing can end the loop. Between the
messages it looks whether those who have come in are still there, and still may be (`presence.py`).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
from draggan_wire.errors import (
    ConnectionLost,
    EngineFailed,
    WireError,
    WrongProtocol,
)
from draggan_wire.messages import (
    FROM_CLIENT,
    Drag,
    Hello,
    Manage,
    Message,
    Open,
    Ping,
    Redeem,
    decode,
    encode,
    encode_mismatch,
)

from .access.access import Access
from .access.auth import Gatekeeper, Login, login
from .answers import Answers
from .bell import Bell
from .config import Config, ConfigError
from .counters import Counters
from .desk import Desk
from .listeners import Listeners, Route
from .logs import about
from .peers import Peer, Peers
from .presence import PROBE_SECONDS, Presence
from .quota import (
    bytes_quota,
    messages_quota,
    too_many_bytes,
    too_many_messages,
    too_much_unfinished,
)
from .reception import Reception, check_administrator, check_not_invited
from .report import as_report
from .sessions import Frames
from .worker import SessionWorker

if TYPE_CHECKING:
    from .journal import Journal

log = logging.getLogger("draggand")

GRACE_SECONDS = 5.0  # for the steps in flight when the daemon ends
LISTENING_SECONDS = 0.5  # then, for what clients have taken
AT_ONCE = 64  # messages taken before the worker is heard
UNFINISHED = 4  # of the largest messages that one user may have begun to send at a time
WEIGHTY = (Open, Drag)  # what is refused to those who have sent too much


class Door:
    """Serves its sockets until it is told to end, or nobody has come for `idle_exit` seconds.

    `token` is the password of the loopback socket, `access` says who may come from elsewhere,
    `journal` keeps the sessions. `clock` gives seconds that only go forward. All methods belong to
    the thread that calls `serve()`, except `end`, `drain` and `reload`, which may be called from a
    signal handler or another thread. `reread` gives the settings anew when it is told to reload.
    """

    def __init__(
        self,
        worker: SessionWorker,
        config: Config,
        *,
        version: str,
        journal: Journal | None = None,
        access: Access | None = None,
        token: str | None = None,
        reread: Callable[[], Config] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._config, self._version, self._clock = worker, config, version, clock
        self._journal, self._reread = journal, reread
        self._counters = Counters(clock)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context, token=token, access=access)
        self._listeners = Listeners(
            self._context, self._gatekeeper, max_bytes=config.limits.max_bytes
        )
        self._peers = Peers(self._listeners.sockets, self._counters)
        self._bytes = bytes_quota(
            config.bounds.bytes_per_second, config.limits.max_bytes, clock=clock
        )
        self._messages = messages_quota(clock=clock)
        self._bell = Bell()
        self._desk = Desk(
            worker,
            config,
            journal,
            self._peers,
            self._counters,
            ring=self._bell.ring,
            clock=clock,
        )
        self._answers = Answers(self._desk, worker, config, access)
        self._reception = Reception(
            self._desk, self._peers, worker, config, access, version=version, clock=clock
        )
        self._presence = Presence(
            self._peers,
            self._desk.delivery,
            self._gatekeeper,
            access,
            self._counters,
            clock=clock,
        )
        self._ending = self._answers.draining = self._reloading = False
        self._started = self._active = self._probed = clock()

    def bind_local(self, path: Path) -> None:
        """Listen at a socket file in a folder that is this user's alone."""
        self._listeners.bind_local(path)

    def bind_loopback(self, port: int | None) -> int:
        """Listen on 127.0.0.1 for whoever has the token; returns the port. None takes any."""
        return self._listeners.bind_loopback(port)

    def bind_remote(self, address: str, secret_key: bytes) -> str:
        """Listen for other computers with authorised keys; returns the address."""
        return self._listeners.bind_remote(address, secret_key)

    # From other threads and signal handlers.

    def end(self) -> None:
        """Ask `serve()` to come to an end."""
        self._ending = True
        self._bell.ring()

    def drain(self) -> None:
        """Take nothing new, and end when all that is in work is done."""
        self._answers.draining = True
        self._bell.ring()

    def reload(self) -> None:
        """Read the settings again, and look again at who may come in."""
        self._reloading = True
        self._bell.ring()

    # The loop.

    def serve(self) -> None:
        poller = zmq.Poller()
        sources: list[Any] = [self._gatekeeper.socket, self._worker.fileno(), self._bell.fileno()]
        sources += self._listeners.sockets.values()
        sources += [self._journal.fileno()] if self._journal else []
        for source in sources:
            poller.register(source, zmq.POLLIN)
        try:
            self._desk.recovery.remember()
            while not self._ending:
                self._turn(poller)
            self._wind_up(poller)
        finally:
            self._release()

    def _turn(self, poller: zmq.Poller) -> None:
        wait_ms = 10 if self._peers.any_waiting() else 500
        ready = dict(poller.poll(wait_ms))
        if self._gatekeeper.socket in ready:
            self._gatekeeper.answer()
        for listener, source in self._listeners.sockets.items():
            if source in ready:
                self._receive(listener, source)
        if self._bell.fileno() in ready:
            self._hear()
        if self._worker.fileno() in ready:
            self._desk.hear_worker()
        if self._journal is not None and self._journal.fileno() in ready:
            self._journal.heard()
        self._desk.recovery.take_in()
        self._desk.tell()
        self._look_around()

    def _hear(self) -> None:
        self._bell.heard()
        if self._reloading:
            self._reloading = False
            try:
                self._read_again()
            except ConfigError as error:
                log.error("the settings stay as they are: %s %s", error.sentence, error.hint)

    def _receive(self, listener: str, source: zmq.Socket[bytes]) -> None:
        for _ in range(AT_ONCE):
            try:
                route, *frames = source.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._take((listener, route.bytes), frames)

    def _take(self, route: Route, frames: list[zmq.Frame]) -> None:
        """One message; nothing that it contains can end the loop."""
        request = None
        try:
            if not frames:
                return
            who = login(frames[0])
            if not self._counted(route, who.principal, frames):
                return
            peer = self._peers.get(route)
            if peer is not None and peer.leaving is not None:
                return
            whole = self._whole(peer, [frame.buffer for frame in frames])
            if whole is None:
                return
            envelope = decode(whole, ops=FROM_CLIENT)
            request = envelope.id
            with about(session=getattr(envelope.message, "session", None), request=request):
                self._handle(route, who, peer, envelope.message, request)
        except WrongProtocol:
            self._peers.send(route, encode_mismatch())
        except ConnectionLost as error:
            self._presence.refuse(route, error, None)  # a farewell: whoever can, comes again
        except WireError as error:
            self._presence.refuse(route, error, error.request if request is None else request)
        except Exception:
            log.exception("a message could not be handled")
            problem = EngineFailed(
                "The daemon stumbled over a message.", hint="Its log has the details."
            )
            self._presence.refuse(route, problem, request)

    def _counted(self, route: Route, user: str, frames: list[zmq.Frame]) -> bool:
        """Whether the message may be read; what is far too much is thrown away."""
        size = sum(len(frame) for frame in frames)
        self._counters.bytes_in += size
        self._bytes.use(user, size)
        if self._messages.use(str(route), 1):
            return True
        if self._peers.get(route) is not None:
            self._presence.hang_up(route, too_many_messages())
        return False

    def _whole(self, peer: Peer | None, frames: Frames) -> Frames | None:
        """The message, put together where it comes in parts; None while some are missing."""
        if peer is None:
            return frames
        peer.heard = self._clock()
        whole = peer.assembler.take(frames)
        if whole is None:
            self._check_unfinished(peer)
        return whole

    def _check_unfinished(self, peer: Peer) -> None:
        """One user's messages of which parts are missing must not fill the memory."""
        held = sum(other.assembler.held for other in self._peers.of(peer.principal))
        if held > UNFINISHED * self._config.limits.max_bytes:
            self._presence.hang_up(peer.route, too_much_unfinished())

    def _handle(
        self, route: Route, who: Login, peer: Peer | None, message: Message, request: int | None
    ) -> None:
        if isinstance(message, (Hello, Redeem)):
            self._presence.check_allowed(who)  # who is told to go need not hang up
        if isinstance(message, Hello):
            self._active = self._clock()
            self._reception.hello(route, who, message, request)
            return
        if peer is None:
            raise ConnectionLost(
                "A connection has to begin with hello.", hint="Connect again from the start."
            )
        if isinstance(message, Redeem):
            self._reception.redeem(peer, message, request)
            return
        check_not_invited(peer)
        if isinstance(message, WEIGHTY) and not self._bytes.left(who.principal):
            raise too_many_bytes(self._config.bounds.bytes_per_second)
        if not isinstance(message, (Ping, Manage)):
            self._active = peer.heard
        if isinstance(message, Manage):
            self._manage(peer, message, request)
        else:
            self._answers.give(peer, message, request)

    # For administrators.

    def _manage(self, peer: Peer, message: Manage, request: int | None) -> None:
        check_administrator(peer)
        if message.errand == "drain":
            self._answers.draining = True
        elif message.errand == "reload":
            self._read_again()
        facts = self._desk.sessions_facts() if message.errand == "sessions" else self._facts()
        self._desk.delivery.send(peer.route, encode(as_report(facts), reply=request))

    def _facts(self) -> dict[str, object]:
        return {
            "daemon": f"draggand {self._version}",
            "pid": os.getpid(),
            "uptime_s": round(self._clock() - self._started, 1),
            "draining": self._answers.draining,
            "endpoints": self._listeners.endpoints,
            "connections": len(self._peers),
            "refused_logins": self._gatekeeper.refusals,
            **self._desk.facts(),
        }

    def _read_again(self) -> None:
        """Adopts what can change at work. Raises ConfigError for settings that cannot be used."""
        if self._reread is not None:
            config = self._config = self._reread()
            self._bytes = bytes_quota(
                config.bounds.bytes_per_second, config.limits.max_bytes, clock=self._clock
            )
            for part in (self._desk, self._answers, self._reception):
                part.adopt(config)
        self._presence.review()

    # What time brings.

    def _look_around(self) -> None:
        now = self._clock()
        self._presence.see_off(now)
        if now - self._probed < PROBE_SECONDS:
            return
        self._probed = now
        self._presence.call(now)
        self._desk.tidy()
        if self._nobody_needs_us(now):
            self._ending = True

    def _nobody_needs_us(self, now: float) -> bool:
        if self._answers.draining and not self._desk.at_work():
            log.info("drained")
            return True
        limit = self._config.idle_exit
        idle = limit is not None and not self._desk.in_use() and now - self._active > limit
        if idle:
            log.info("nobody has come for %g s", limit)
        return idle

    # The end.

    def _wind_up(self, poller: zmq.Poller) -> None:
        """Finish the steps in flight, hand out what they leave, say goodbye."""
        log.info("ending")
        self._desk.recovery.end()
        self._worker.end()
        deadline = time.monotonic() + GRACE_SECONDS
        while not self._worker.ended() and time.monotonic() < deadline:
            self._turn(poller)
        self._desk.hear_worker()
        while self._desk.waiting() and time.monotonic() < deadline:
            self._turn(poller)
        self._hear_what_was_taken(poller)
        self._desk.delivery.say_goodbye()
        while self._peers.any_waiting() and time.monotonic() < deadline:
            self._turn(poller)

    def _hear_what_was_taken(self, poller: zmq.Poller) -> None:
        """What clients acknowledge now, the next daemon need not say to them again."""
        deadline = time.monotonic() + LISTENING_SECONDS
        while self._desk.delivery.owed() and time.monotonic() < deadline:
            self._turn(poller)

    def _release(self) -> None:
        self._desk.recovery.close()
        self._listeners.close()
        self._gatekeeper.socket.close(linger=0)
        self._context.term()
        self._bell.close()
