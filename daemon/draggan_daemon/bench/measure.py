"""What a client of the wire gets out of a connection, in figures; standard library and the wire.

Round trips are of `ping`. A preview counts as shown when the client has given its credit back. A
stop is heard when its answer has come, and is over when the drag's last word has.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from draggan_wire.client import Client, Connected, Event, Refused
from draggan_wire.errors import NoDaemon
from draggan_wire.messages import (
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    DragSettings,
    Envelope,
    Error,
    Frame,
    Message,
    Open,
    Opened,
    Ping,
    Pong,
    Ready,
    State,
    Stop,
)

PATIENCE = 20.0  # seconds for anything that has to come
SETTLING = 1.0  # seconds of a drag that are not measured
M = TypeVar("M")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed; nan where there are none."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


class Visitor:
    """A client with a session, which shows every preview at once."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.session = ""
        self.shown = 0
        self._credit = 0  # what the drag has been given at first; a new connection starts with none
        self.last: Frame | None = None
        self.newest = 0  # the latest step of the session that a picture has shown
        self.troubles: list[Error] = []
        self.on_frame: Callable[[Frame], None] = lambda frame: None
        self._heard: deque[Event] = deque()  # until somebody waits for it

    def meet(self) -> None:
        """Waits for the welcome. Raises what the client was refused with, or NoDaemon."""
        self.wait(lambda event: isinstance(event, Connected))

    def ask(self, message: Message, kind: type[M]) -> M:
        """Sends, and waits for the answer of that kind; raises the error that came instead."""
        number = self.client.send(message)
        return self.answer(number, kind)

    def answer(self, number: int, kind: type[M]) -> M:
        def is_it(event: Event) -> bool:
            if not isinstance(event, Envelope) or event.re != number:
                return False
            if isinstance(event.message, Error):
                raise event.message.exception()
            return isinstance(event.message, kind)

        found = self.wait(is_it)
        assert isinstance(found, Envelope) and isinstance(found.message, kind)
        return found.message

    def wait(self, wanted: Callable[[Event], bool], *, seconds: float = PATIENCE) -> Event:
        """The first event that is wanted; of frames, results only. Previews are shown meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            while self._heard:
                event = self._heard.popleft()
                if wanted(event):
                    return event
            self._listen(0.25)
        raise NoDaemon("The daemon did not say what was waited for.", hint="See its log.")

    def watch(self, seconds: float) -> None:
        """Shows what comes for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._listen(min(left, 0.25))

    def open(self, model: str, seed: int = 1, label: int | None = None) -> None:
        opened = self.ask(Open(model, seed=seed, label=label), Opened)
        self.session, self.newest = opened.session, 0
        self.wait(lambda e: isinstance(e, Envelope) and isinstance(e.message, Ready))

    def drag(self, *, credit: int, steps: int = 100_000) -> int:
        """Begins a drag whose every step may be shown; returns its request number."""
        message = Drag(
            self.session,
            ((100.0, 100.0),),
            ((300.0, 200.0),),
            settings=DragSettings(steps=steps),
            preview_every_ms=0,
        )
        self._credit = credit
        self.client.send(Credit(self.session, credit))
        return self.client.send(message)

    def end_session(self) -> None:
        self.ask(Close(self.session), Closed)

    def leave(self) -> None:
        self.client.send(Close(self.session))
        self.client.close()

    def _listen(self, seconds: float) -> None:
        for event in self.client.poll(seconds):
            self._look_at(event)
            frame = event.message if isinstance(event, Envelope) else None
            if not isinstance(frame, Frame) or frame.kind == "result":
                self._heard.append(event)

    def _look_at(self, event: Event) -> None:
        if isinstance(event, Refused):
            raise event.error
        if isinstance(event, Connected) and self._credit and self.session in event.welcome.resumed:
            self.client.send(Credit(self.session, self._credit))
        frame = event.message if isinstance(event, Envelope) else None
        if isinstance(frame, Error):
            self.troubles.append(frame)
        if isinstance(frame, Frame):
            self.last = frame
            if frame.session == self.session:
                self.newest = max(self.newest, frame.step)
            self.on_frame(frame)
            if frame.kind == "preview":
                self.shown += 1
                self.client.drawn(frame)


def round_trips(visitor: Visitor, count: int) -> list[float]:
    """Milliseconds of so many pings, one after the other."""
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        visitor.ask(Ping(), Pong)
        found.append(1000 * (time.perf_counter() - begin))
    return found


def previews_per_second(visitor: Visitor, *, credit: int, seconds: float) -> float:
    """Previews shown in a second of a drag that is stopped afterwards."""
    drag = visitor.drag(credit=credit)
    visitor.watch(SETTLING)
    before, begin = visitor.shown, time.perf_counter()
    visitor.watch(seconds)
    shown, taken = visitor.shown - before, time.perf_counter() - begin
    visitor.client.send(Stop(visitor.session))
    visitor.answer(drag, Done)
    return shown / taken


def stop_latencies(visitor: Visitor, *, credit: int, count: int) -> list[tuple[float, float]]:
    """(heard, over) in ms of so many stops, each of a drag whose previews are flowing."""
    found = []
    for index in range(count):
        drag = visitor.drag(credit=credit)
        visitor.watch(0.4 + 0.037 * (index % 7))  # at no particular moment of the stream
        begin = time.perf_counter()
        visitor.ask(Stop(visitor.session), State)
        heard = time.perf_counter() - begin
        visitor.answer(drag, Done)
        found.append((1000 * heard, 1000 * (time.perf_counter() - begin)))
    return found
