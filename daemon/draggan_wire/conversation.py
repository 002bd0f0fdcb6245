"""One connection's conversation: hello, what is to be sent, what comes; standard library only.

It knows all that belongs to a connection and nothing of what a program does with the events.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Iterator, List, Optional, Tuple

from .connection import HEARTBEAT, Connection, Frames
from .errors import AccessRefused, ConnectionLost, LimitExceeded, Unsupported
from .link import LinkMeter
from .messages import (
    FROM_DAEMON,
    MAJORS,
    Closed,
    Done,
    Envelope,
    Error,
    Frame,
    Hello,
    Message,
    Opened,
    Ping,
    Pong,
    Welcome,
    decode,
    encode,
    wrong_protocol,
)
from .outbox import Outbox
from .pace import LATE, Pace
from .parts import Assembler
from .pixels import MAX_BUFFER
from .receipts import Receipts

FAREWELLS = (ConnectionLost.code, AccessRefused.code)
MAX_HELD = 256  # messages between two parts of another


class Conversation:
    """From hello to the end, by one thread. What `Connection` raises is passed on.

    `lock` guards `outbox`; `numbers` gives request numbers; `meet` is told of the daemon's welcome
    and `deliver` of each event, in their order.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        outbox: Outbox,
        lock: threading.Condition,
        receipts: Receipts,
        meter: LinkMeter,
        numbers: Iterator[int],
        meet: Callable[[Welcome], None],
        deliver: Callable[[Envelope], None],
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._lock = lock
        self._receipts = receipts
        self._meter = meter
        self._numbers = numbers
        self._meet = meet
        self._deliver = deliver
        self._greeted = self._welcomed = False
        self._pace = Pace()
        self._assembler = Assembler(2 * MAX_BUFFER)
        self._begun: Optional[float] = None  # when the first part of the message under way came
        self._bytes = 0  # that came of it since
        self._in_parts = False  # the daemon cuts what is large
        self._held: List[Envelope] = []  # what has come between two parts
        self._held_bytes = 0
        self._at_once = False  # a drag is over: the daemon hears so now

    def turn(self, hello: Callable[[], Hello]) -> None:
        """One round of speaking and listening; `hello` is asked for once."""
        if self._connection.ready and not self._greeted:
            self._greeted = True
            self._send(hello())
        self._speak()
        for frames in self._connection.turn(self._patience()):
            self._receive(frames)
        for size, seconds in self._taken_transfers():
            self._meter.transferred(size, seconds)

    def finish(self, seconds: float) -> None:
        """Writes what still waits, for up to so many seconds."""
        deadline = time.monotonic() + seconds
        self._speak()
        while (self._outbox or self._connection.writing) and time.monotonic() < deadline:
            for frames in self._connection.turn(0.05):
                self._receive(frames)
            self._speak()

    # Speaking.

    def _speak(self) -> None:
        if not self._welcomed:
            return
        now = time.monotonic()
        for ack in self._receipts.due(now, at_once=self._at_once):
            self._send(ack)
        self._at_once = False
        if self._meter.wait(now) == 0:
            self._meter.pinged(self._send(Ping()), now)
        link = self._meter.news(now)
        if link is not None:
            self._send(link)
        with self._lock:
            self._empty_outbox(now)

    def _empty_outbox(self, now: float) -> None:
        trip = self._meter.round_trip or 0.0
        while True:
            while (frames := self._outbox.message()) is not None:
                self._connection.send(frames)
            part = self._outbox.part() if self._pace.allows(now, trip) else None
            if part is None:
                return
            self._connection.send(part)
            self._pace.sent(self._send(Ping()), memoryview(part[2]).nbytes, now)

    def _send(self, message: Message) -> int:
        number = next(self._numbers)
        self._connection.send(encode(message, request=number))
        return number

    def _patience(self) -> float:
        """Seconds until there is something to say, if nothing happens before."""
        if not self._welcomed:
            return HEARTBEAT
        now = time.monotonic()
        longest = LATE if self._outbox else HEARTBEAT
        waits = (self._receipts.wait(now), self._meter.wait(now), longest)
        return min(wait for wait in waits if wait is not None)

    # Listening.

    def _taken_transfers(self) -> List[Tuple[int, float]]:
        """What the connection has measured; of no use where a relay hands on whole parts."""
        taken, self._connection.transfers = self._connection.transfers, []
        return [] if self._in_parts else taken

    def _receive(self, frames: Frames) -> None:
        whole = self._assemble(frames)
        if whole is None:
            return
        try:
            envelope = decode(whole, ops=FROM_DAEMON)
        except Unsupported:
            return  # a newer daemon's message that this client has not asked for
        if self._is_for_us(envelope):
            return
        if isinstance(envelope.message, Frame) and envelope.message.kind == "preview":
            self._meter.preview(memoryview(envelope.message.image.data).nbytes)
            self._deliver(envelope)
        elif self._assembler.under_way:  # it has overtaken what is on its way
            self._hold(envelope, sum(memoryview(frame).nbytes for frame in whole))
        else:
            held, self._held, self._held_bytes = self._held, [], 0
            for one in (envelope, *held):
                self._take(one)

    def _hold(self, envelope: Envelope, size: int) -> None:
        self._held.append(envelope)
        self._held_bytes += size
        if len(self._held) > MAX_HELD or self._held_bytes > MAX_BUFFER:
            raise LimitExceeded(
                "The daemon says too much before it has finished what it began.",
                hint="Update the daemon and this program to the same version.",
            )

    def _assemble(self, frames: Frames) -> Optional[Frames]:
        """The whole message that has come with these frames, measured on its way."""
        whole = self._assembler.take(frames)
        now = time.monotonic()
        if self._begun is None:
            if self._assembler.under_way:
                self._begun, self._bytes, self._in_parts = now, 0, True
        elif whole is None:
            self._bytes += memoryview(frames[2]).nbytes
        elif not self._assembler.under_way:
            self._bytes += memoryview(frames[2]).nbytes
            self._meter.transferred(self._bytes, now - self._begun)
            self._begun = None
        return whole

    def _is_for_us(self, envelope: Envelope) -> bool:
        """Takes in what concerns the connection; the rest waits its turn."""
        message = envelope.message
        if isinstance(message, Welcome):
            self._enter(message)
            return True
        if isinstance(message, Error) and not self._welcomed:
            raise message.exception()
        if isinstance(message, Error) and _is_farewell(message, envelope.re):
            raise message.exception()
        if isinstance(message, Pong):
            return self._took_pong(envelope.re)
        return not self._welcomed

    def _took_pong(self, number: Optional[int]) -> bool:
        """Whether a pong was not asked for by the program: a measurement, or a sign of life."""
        now = time.monotonic()
        ours = self._meter.pong(number, now)
        ours |= self._pace.arrived(number, now, self._meter.round_trip or 0.0)
        return ours or number is None

    def _enter(self, welcome: Welcome) -> None:
        if welcome.protocol not in MAJORS:
            raise wrong_protocol([welcome.protocol])
        self._welcomed = True
        self._receipts.resumed(welcome.resumed)
        self._meter.connected(time.monotonic(), wanted="link" in welcome.features)
        with self._lock:
            self._outbox.connected(self._pace if "parts" in welcome.features else None)
        self._meet(welcome)

    def _take(self, envelope: Envelope) -> None:
        """An event for the program, unless it has had it already."""
        message = envelope.message
        if isinstance(message, Opened):
            self._receipts.opened(message.session, message.token)
        session = getattr(message, "session", None)
        if session and not self._receipts.take(session, envelope.event):
            return
        if self._had_before(envelope):
            return
        self._at_once |= isinstance(message, Done)
        if isinstance(message, Closed):
            self._receipts.closed(message.session)
        self._deliver(envelope)

    def _had_before(self, envelope: Envelope) -> bool:
        """Whether it is a kept frame that comes again, from a daemon that was killed."""
        frame = envelope.message
        if not isinstance(frame, Frame) or frame.kind != "kept":
            return False
        return not self._receipts.take_kept(frame.session, envelope.re, frame.step)


def _is_farewell(error: Error, answers: Optional[int]) -> bool:
    return answers is None and error.session is None and error.code in FAREWELLS
