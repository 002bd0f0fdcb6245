"""A client that never blocks its caller: one thread talks, `poll` hands out events; stdlib only.

    client = Client(name="krita-plugin 0.4")
    number = client.send(Open(model="critters", image=image))
    for event in client.poll():                       # from the editor's timer
        if isinstance(event, Envelope) and event.re == number: ...

It connects by itself, says hello, and comes back by itself after a loss.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Deque, Dict, List, Optional, Union

from .connection import Connection, Frames
from .endpoint import default_endpoint, parse_endpoint
from .errors import ConnectionLost, NoDaemon, Unsupported, WireError
from .inbox import Inbox
from .messages import (
    FROM_DAEMON,
    MAJORS,
    Closed,
    Credit,
    Envelope,
    Error,
    Frame,
    Hello,
    Message,
    Opened,
    Pong,
    SessionKey,
    Welcome,
    decode,
    encode,
    wrong_protocol,
)
from .zmtp import Credentials

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts to connect, doubling
PAUSE_AFTER_REFUSAL = 5.0
FLUSH = 0.5  # seconds that `close` gives to what is still to be said


@dataclass(frozen=True)
class Connected:
    """The daemon has welcomed us; sessions that are not in `welcome.resumed` are gone."""

    welcome: Welcome


@dataclass(frozen=True)
class Lost:
    """Nobody there, or not any more; the client keeps trying and says so only once."""

    error: WireError


@dataclass(frozen=True)
class Refused:
    """Somebody there with whom we cannot talk: protocol, password, or not a daemon of ours."""

    error: WireError


Event = Union[Connected, Lost, Refused, Envelope]


class Client:
    """A daemon's client; safe to call from several threads. Close it when done.

    `endpoint` is an address of `endpoint.py` (default: the local daemon's); `name` is the program
    and its version; `credentials` are for addresses that ask for a password. Raises BadInput for an
    address that is none; everything later becomes an event.
    """

    def __init__(
        self,
        endpoint: Optional[str] = None,
        *,
        name: str = "draggan",
        credentials: Optional[Credentials] = None,
    ) -> None:
        self._endpoint = parse_endpoint(endpoint or default_endpoint())
        self._name = name
        self._credentials = credentials
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._inbox = Inbox()
        self._outbox: Deque[Frames] = deque()
        self._sessions: Dict[str, str] = {}  # id -> token
        self._welcome: Optional[Welcome] = None
        self._trouble = ""
        self._closing = threading.Event()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="draggan-client", daemon=True)
        self._thread.start()

    @property
    def welcome(self) -> Optional[Welcome]:
        """The daemon's welcome while connected, else None."""
        return self._welcome

    def poll(self, timeout: float = 0.0) -> List[Event]:
        """What has happened since the last poll; waits up to `timeout` seconds for something."""
        with self._changed:
            if timeout > 0:
                self._changed.wait_for(lambda: bool(self._inbox), timeout)
            return self._inbox.take()

    def send(self, message: Message) -> int:
        """Sends soon and returns the request's number, which the answers carry as `re`.

        Raises BadMessage or LimitExceeded for a message that breaks the protocol's rules. Without
        a connection the answer is an `Error` with the code of ConnectionLost.
        """
        number = next(self._numbers)
        frames = encode(message, request=number)
        with self._changed:
            if self._welcome is None:
                self._put(Envelope(_no_connection(), re=number))
                return number
            self._outbox.append(frames)
        self._wake()
        return number

    def drawn(self, frame: Frame) -> None:
        """Tells the daemon that a preview is on screen, so that the next may come."""
        with self._changed:
            owed = self._inbox.owed(frame.session)
            connected = self._welcome is not None
        if connected:
            self.send(Credit(session=frame.session, n=1 + owed))

    def close(self) -> None:
        """Sends what still waits (for up to half a second) and ends the thread."""
        self._closing.set()
        self._wake()
        self._thread.join()
        self._wake_reader.close()
        self._wake_writer.close()

    # From here on: the thread.

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._closing.is_set():
            try:
                self._talk()
            except WireError as error:
                pause = self._report(error, pause)
            except Exception as error:  # a mistake of ours must not leave the editor waiting
                failure = WireError(f"The client failed: {error!r}.", hint="Please report this.")
                pause = self._report(failure, pause)
            self._closing.wait(pause)

    def _talk(self) -> None:
        """One connection from hello to its end; returns when closing, raises WireError before."""
        connection = Connection(self._endpoint, self._wake_reader, credentials=self._credentials)
        try:
            greeted = False
            while not self._closing.is_set():
                if connection.ready and not greeted:
                    connection.send(self._hello())
                    greeted = True
                self._drain_outbox(connection)
                for frames in connection.turn():
                    self._receive(frames)
            self._flush(connection)
        finally:
            connection.close()

    def _hello(self) -> Frames:
        keys = tuple(SessionKey(session=s, token=t) for s, t in self._sessions.items())
        hello = Hello(protocols=MAJORS, client=self._name, resume=keys)
        return encode(hello, request=next(self._numbers))

    def _receive(self, frames: Frames) -> None:
        try:
            envelope = decode(frames, ops=FROM_DAEMON)
        except Unsupported:
            return  # a newer daemon's message that this client has not asked for
        message = envelope.message
        if isinstance(message, Welcome):
            if message.protocol not in MAJORS:
                raise wrong_protocol([message.protocol])
            self._enter(message)
            return
        if self._welcome is None:
            if isinstance(message, Error):
                raise message.exception()
            return
        if isinstance(message, Pong) and envelope.re is None:
            return  # the daemon only wanted to know whether the connection stands
        if isinstance(message, Opened):
            self._sessions[message.session] = message.token
        elif isinstance(message, Closed):
            self._sessions.pop(message.session, None)
        with self._changed:
            self._put(envelope)

    def _enter(self, welcome: Welcome) -> None:
        self._sessions = {s: t for s, t in self._sessions.items() if s in welcome.resumed}
        with self._changed:
            self._inbox.forget_credit()
            self._welcome = welcome
            self._trouble = ""
            self._put(Connected(welcome))

    def _report(self, error: WireError, pause: float) -> float:
        """Tells of a failure unless it is the one last told; returns how long to wait now."""
        gone = isinstance(error, (NoDaemon, ConnectionLost))
        with self._changed:
            was_connected, self._welcome = self._welcome is not None, None
            self._outbox.clear()
            if self._trouble != error.sentence:
                self._trouble = error.sentence
                self._put(Lost(error) if gone else Refused(error), urgent=True)
        if error.retry_after is not None:
            return error.retry_after
        if not gone:
            return PAUSE_AFTER_REFUSAL
        return FIRST_PAUSE if was_connected else min(2 * pause, LONGEST_PAUSE)

    def _put(self, event: Event, *, urgent: bool = False) -> None:
        self._inbox.put(event, urgent=urgent)
        self._changed.notify_all()

    def _drain_outbox(self, connection: Connection) -> None:
        while self._welcome is not None and self._outbox:
            connection.send(self._outbox.popleft())

    def _flush(self, connection: Connection) -> None:
        deadline = time.monotonic() + FLUSH
        self._drain_outbox(connection)
        while connection.writing and time.monotonic() < deadline:
            connection.turn(0.05)

    def _wake(self) -> None:
        # Full: the thread is being woken already. Closed: it is gone.
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"\0")


def _no_connection() -> Error:
    error = ConnectionLost(
        "There is no connection to the daemon.",
        hint="Start it with `draggand serve`; the connection comes back by itself.",
    )
    return Error(code=error.code, sentence=error.sentence, hint=error.hint)
