"""Asks the running daemon one thing over its local socket; imports the wire only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from draggan_wire.client import Client, Connected
from draggan_wire.errors import BadMessage, NoDaemon, WireError
from draggan_wire.messages import Envelope, Error, Manage, Message, Ping, Report, Welcome

from ..local_socket import serving_process
from ..report import from_report
from .version import version

ANSWER_SECONDS = 5.0


class NotNow(WireError):
    """What cannot be done at this moment; trying again may help."""

    code = "not_now"


class Conversation:
    """A welcomed client of the daemon at `path`."""

    def __init__(self, path: Path, client: Client) -> None:
        self._path, self._client = path, client
        self.welcome = self._wait(lambda event: isinstance(event, Connected)).welcome
        begin = time.perf_counter()
        self.ask(Ping())
        self.milliseconds = 1000 * (time.perf_counter() - begin)

    def ask(self, message: Message) -> Message:
        """The answer; raises the daemon's error, or NotNow where none comes in time."""
        number = self._client.send(message)
        envelope = self._wait(lambda e: isinstance(e, Envelope) and e.re == number)
        if isinstance(envelope.message, Error):
            raise envelope.message.exception()
        answer: Message = envelope.message
        return answer

    def manage(self, errand: str) -> dict[str, Any]:
        """The facts that the daemon reports. Raises Unsupported where it is an older one."""
        answer = self.ask(Manage(errand))
        try:
            if isinstance(answer, Report):
                return from_report(answer)
        except ValueError:
            pass
        raise BadMessage("The daemon's report cannot be read.", hint="Update the older side.")

    def _wait(self, wanted: Any) -> Any:
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            event = self._client.next(0.2)
            if event is None:
                continue
            if wanted(event):
                return event
            if not isinstance(event, (Connected, Envelope)):
                raise _nobody(self._path, event.error)
        raise NotNow(
            f"The daemon at {self._path} does not answer.",
            hint="Try again; if that does not help, end it with `draggand stop` and serve again.",
        )


@contextmanager
def conversation(path: Path) -> Iterator[Conversation]:
    """Raises NoDaemon where none serves, and NotNow where one does not answer."""
    client = Client(f"ipc://{path}", name=f"draggand {version()}")
    try:
        yield Conversation(path, client)
    finally:
        client.close()


def meet(path: Path) -> tuple[Welcome, float]:
    """The daemon's welcome, and the milliseconds of a ping."""
    with conversation(path) as daemon:
        return daemon.welcome, daemon.milliseconds


def manage(path: Path, errand: str) -> dict[str, Any]:
    """The facts of one errand."""
    with conversation(path) as daemon:
        return daemon.manage(errand)


def _nobody(path: Path, error: WireError) -> WireError:
    """For an administrator: which socket it was, and whether a process holds it."""
    if not isinstance(error, NoDaemon) or error.told:  # told: by a relay, of a daemon elsewhere
        return error
    if (process := serving_process(path)) is not None:
        return NotNow(
            f"The daemon (process {process}) does not listen at {path} yet, or not any more.",
            hint="It is starting or ending: try again.",
        )
    return NoDaemon(f"No daemon serves {path}.", hint="Start one with `draggand serve`.")
