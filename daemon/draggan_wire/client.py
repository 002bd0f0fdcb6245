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
from dataclasses import dataclass, replace
from typing import List, Optional, Union

from .coded import JpegDecoder, decoded
from .connection import Connection
from .connection_file import loopback_credentials
from .conversation import Conversation
from .endpoint import default_endpoint, parse_endpoint
from .errors import ConnectionLost, NoDaemon, WireError
from .inbox import Inbox
from .link import LinkMeter
from .messages import (
    FLEETING,
    MAJORS,
    Credit,
    Envelope,
    Error,
    Frame,
    Hello,
    Message,
    Welcome,
    encode,
)
from .outbox import Outbox
from .receipts import Receipts
from .zmtp import Credentials

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts to connect, doubling
PAUSE_AFTER_REFUSAL = 5.0
FEATURES = ("acks", "likeness", "link", "parts", "refine", "rows")
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
    and its version; `credentials` are for addresses that ask for a password (the daemon's own
    loopback address needs none: they stand in its connection file); `jpeg` decodes previews, which
    then come so coded over slow links. Raises BadInput for an address that is none; everything
    later becomes an event.
    """

    def __init__(
        self,
        endpoint: Optional[str] = None,
        *,
        name: str = "draggan",
        credentials: Optional[Credentials] = None,
        jpeg: Optional[JpegDecoder] = None,
    ) -> None:
        self._endpoint = parse_endpoint(endpoint or default_endpoint())
        self._name = name
        self._credentials = credentials
        self._jpeg = jpeg
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._inbox = Inbox()
        self._outbox = Outbox()
        self._receipts = Receipts()
        self._meter = LinkMeter()
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

    @property
    def credit(self) -> int:
        """Previews that a session should have under way, for the way to the daemon as measured."""
        return self._meter.credit

    def poll(self, timeout: float = 0.0) -> List[Event]:
        """What has happened since the last poll; waits up to `timeout` seconds for something.

        Pictures are raw: only here, and only those that are still wanted, are they decoded.
        """
        with self._changed:
            self._await_event(timeout)
            events = self._inbox.take()
        found = (self._decoded(event) for event in events)
        return [event for event in found if event is not None]

    def next(self, timeout: float = 0.0) -> Optional[Event]:
        """The first event that nobody has been given yet, or None after up to `timeout` seconds.

        For those who wait for one thing after the other: what is behind it is still there.
        """
        with self._changed:
            self._await_event(timeout)
            event = self._inbox.take_one()
        return None if event is None else self._decoded(event)

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
            self._outbox.put(frames, getattr(message, "session", None))
        self._wake()
        return number

    def drawn(self, frame: Frame) -> None:
        """Tells the daemon that a preview or likeness is on screen, so that the next may come."""
        with self._changed:
            owed = self._inbox.owed(frame.session)
            connected = self._welcome is not None
        if connected:
            self.send(Credit(session=frame.session, n=1 + owed))

    def _await_event(self, timeout: float) -> None:
        if timeout > 0:
            self._changed.wait_for(lambda: bool(self._inbox), timeout)

    def _decoded(self, event: Event) -> Optional[Event]:
        """The event with raw pictures; an error in its place, or nothing in that of a preview."""
        frame = event.message if isinstance(event, Envelope) else None
        if not isinstance(event, Envelope) or not isinstance(frame, Frame):
            return event
        try:
            raw = decoded(frame, self._jpeg)
            return event if raw is frame else replace(event, message=raw)
        except WireError as error:
            if frame.kind not in FLEETING:
                return replace(event, message=_as_message(error, frame.session))
            self.drawn(frame)  # the next one may be fine
            return None

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
        credentials = self._credentials or loopback_credentials(self._endpoint)
        connection = Connection(self._endpoint, self._wake_reader, credentials=credentials)
        try:
            conversation = Conversation(
                connection,
                outbox=self._outbox,
                lock=self._changed,
                receipts=self._receipts,
                meter=self._meter,
                numbers=self._numbers,
                meet=self._meet,
                deliver=self._deliver,
            )
            while not self._closing.is_set():
                conversation.turn(self._hello)
            conversation.finish(FLUSH)
        finally:
            connection.close()

    def _hello(self) -> Hello:
        features = FEATURES if self._jpeg is None else (*FEATURES, "jpeg")
        resume = self._receipts.keys()
        return Hello(protocols=MAJORS, client=self._name, features=features, resume=resume)

    def _meet(self, welcome: Welcome) -> None:
        with self._changed:
            self._inbox.forget_credit()
            self._welcome = welcome
            self._trouble = ""
            self._put(Connected(welcome))

    def _deliver(self, envelope: Envelope) -> None:
        with self._changed:
            self._put(envelope)

    def _report(self, error: WireError, pause: float) -> float:
        """Tells of a failure unless it is the one last told; returns how long to wait now."""
        gone = isinstance(error, (NoDaemon, ConnectionLost))
        with self._changed:
            was_connected, self._welcome = self._welcome is not None, None
            self._outbox.connected(None)
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

    def _wake(self) -> None:
        # Full: the thread is being woken already. Closed: it is gone.
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"\0")


def _no_connection() -> Error:
    error = ConnectionLost(
        "There is no connection to the daemon.",
        hint="Start it with `draggand serve`; the connection comes back by itself.",
    )
    return _as_message(error)


def _as_message(error: WireError, session: Optional[str] = None) -> Error:
    return Error(code=error.code, sentence=error.sentence, hint=error.hint, session=session)
