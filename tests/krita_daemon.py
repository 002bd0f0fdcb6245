"""A daemon that says what the test lets it say, to the plugin's own copy of the wire."""

from __future__ import annotations

import threading
from typing import Any

from tests.edit_stage import FakeClient
from tests.krita_plugin import load

client = load("draggan_wire.client")
errors = load("draggan_wire.errors")
messages = load("draggan_wire.messages")
M = messages

GONE = client.Lost(errors.NoDaemon("No daemon answers.", hint="Start it."))
MODEL = M.ModelInfo("critters", "Critters", 256, 256)


class Daemon(FakeClient):
    """Stands in the place of a connection's client, and answers for the daemon behind it."""

    def __init__(self, address: str | None = None, *, name: str = "", jpeg: Any = None) -> None:
        super().__init__()
        self.jpeg = jpeg
        self.address, self.name = address, name
        self.said_before_the_end: list[Any] = []
        self._closed = threading.Event()

    def close(self) -> None:
        """May be called from another thread, as closing takes its time."""
        self.said_before_the_end = list(self.sent)
        self._closed.set()

    @property
    def closed(self) -> bool:
        return self._closed.wait(5.0)

    @property
    def open(self) -> bool:
        return not self._closed.is_set()

    def connect(self, *, resumed: tuple[str, ...] = ()) -> None:
        welcome = M.Welcome(1, "draggand 1.0", "CPU", models=(MODEL,), resumed=resumed)
        self.welcome = welcome
        self.events.append(client.Connected(welcome))

    def say(self, *answers: Any, to: Any) -> None:
        """Answers the latest request of a kind."""
        self.events += [M.Envelope(answer, re=self._last[to]) for answer in answers]

    def rest(self, session: str = "s") -> None:
        """The session has nothing to do, as after every job."""
        self.events.append(M.Envelope(M.State(session, "idle")))


def frame(
    kind: str, step: int, image: Any, *points: tuple[float, float], statuses: tuple[str, ...] = ()
) -> Any:
    """A step's picture; all points are on their way unless something else is said."""
    states = statuses or ("moving",) * len(points)
    if kind == "sought":
        return M.Frame("s", 1000 + step, "result", step, image, points)
    return M.Frame("s", step + 1, kind, step, image, points, (1.0,) * len(points), states)


def done(step: int, *, reason: str = "reached") -> Any:
    return M.Done("s", reason, step, 12.5, (M.HandleResult(20.0, 5.0, "reached", 0.2),))
