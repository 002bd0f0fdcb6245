"""A scripted client and canvas, and the usual acts of an edit, for the tests of the edit flow."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from draggan_wire.canvas import Handle
from draggan_wire.client import Connected, Event
from draggan_wire.edit import Edit, EditOptions
from draggan_wire.exchange import Exchange
from draggan_wire.messages import (
    Blob,
    Done,
    Drag,
    Envelope,
    Frame,
    HandleResult,
    Image,
    Message,
    Open,
    Opened,
    Ready,
    Save,
    Saved,
    State,
    Welcome,
)

SOURCE = Image("rgb8", 8, 8, bytes(192))
RESULT = Image("rgb8", 8, 8, b"r" * 192)
OPTIONS = EditOptions(model="critters")


class FakeClient:
    """Collects what is sent; hands out what the test lets the daemon say."""

    credit = 3

    def __init__(self) -> None:
        self.welcome: Welcome | None = None
        self.sent: list[Message] = []
        self.drawn_steps: list[int] = []
        self.events: list[Event] = []
        self._numbers = itertools.count(1)
        self._last: dict[type[Any], int] = {}

    def send(self, message: Message) -> int:
        self.sent.append(message)
        self._last[type(message)] = number = next(self._numbers)
        return number

    def drawn(self, frame: Frame) -> None:
        self.drawn_steps.append(frame.step)

    def poll(self) -> list[Event]:
        found, self.events = self.events, []
        return found

    def connect(self, *, resumed: tuple[str, ...] = ()) -> None:
        self.welcome = Welcome(1, "test", "none", resumed=resumed)
        self.events.append(Connected(self.welcome))

    def lose(self, event: Event) -> None:
        self.welcome = None
        self.events.append(event)

    def say(self, *messages: Message, to: type[Any]) -> None:
        """The daemon answers the latest request of a kind."""
        self.events += [Envelope(message, re=self._last[to]) for message in messages]

    def said(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.sent if isinstance(message, kind)]


class FakeCanvas:
    """A document in memory."""

    def __init__(self) -> None:
        self.image = SOURCE
        self.handles: Sequence[Handle] = [((1.0, 1.0), (5.0, 1.0)), ((7.0, 7.0), (7.0, 7.0))]
        self.mask: Image | None = None
        self.preview: Image | None = None
        self.kept: list[int] = []
        self.results: list[tuple[Image, str]] = []
        self.changed: list[Image | None] = []
        self.broken: Exception | None = None

    def read_image(self) -> Image:
        return self.image

    def read_handles(self) -> Sequence[Handle]:
        return self.handles

    def read_mask(self) -> Image | None:
        return self.mask

    def show_preview(self, image: Image) -> None:
        if self.broken:
            raise self.broken
        self.preview = image

    def keep_step(self, image: Image, step: int, changed: Image | None) -> None:
        self.kept.append(step)
        self.changed.append(changed)

    def add_result(self, image: Image, name: str, changed: Image | None) -> None:
        self.results.append((image, name))
        self.changed.append(changed)

    def clear_preview(self) -> None:
        self.preview = None


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """An edit with its fakes; each method plays one act of the usual story."""

    def __init__(self, *, on_a_line: bool = False) -> None:
        self.client, self.canvas, self.clock = FakeClient(), FakeCanvas(), Clock()
        self._exchange = Exchange(self.client) if on_a_line else None
        channel = self._exchange.line() if self._exchange else self.client
        self.edit = Edit(channel, self.canvas, clock=self.clock)

    def poll(self) -> None:
        if self._exchange:
            self._exchange.poll()
        self.edit.poll()

    def connect(self) -> None:
        self.client.connect()
        self.poll()

    def answer(self, *messages: Message, to: type[Any]) -> None:
        self.client.say(*messages, to=to)
        self.poll()

    def open(self) -> None:
        self.edit.start(OPTIONS)
        self.answer(Opened("s", "t", 8, 8), Ready("s", 30.0, "Good."), to=Open)
        self.rest()
        self.answer(Saved("s", Blob(b"saved at 0"), 0), to=Save)

    def finish(self, step: int = 3, image: Image = RESULT) -> None:
        end = HandleResult(5.0, 1.0, "reached", 0.2)
        done = Done("s", "reached", step, 10.0, (end,))
        self.answer(frame("result", step, image), done, to=Drag)
        self.rest()
        self.answer(Saved("s", Blob(b"saved at %d" % step), step), to=Save)

    def rest(self) -> None:
        """The daemon says that the session has nothing to do, as after every job."""
        self.client.events.append(Envelope(State("s", "idle")))
        self.poll()

    @property
    def state(self) -> str:
        return self.edit.status.state


def frame(kind: str, step: int, image: Image = RESULT, distance: float = 1.0) -> Frame:
    points = ((4.0, 1.0), (7.0, 7.0))
    statuses = ("moving", "pinned")
    return Frame("s", step + 1, kind, step, image, points, (distance, 0.0), statuses)
