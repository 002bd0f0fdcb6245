"""The connection to a daemon, shared by all edits, and its state in words; no toolkit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Tuple

from ..client import Client, Connected, Event, Lost, Refused
from ..coded import JpegDecoder
from ..errors import NoDaemon, WireError
from ..exchange import Exchange, Line
from ..messages import Envelope, ListModels, ModelInfo, ModelList
from ..starting import StartedDaemon, start_daemon
from .local_daemon import find_command, in_a_sandbox

REFRESH_MODELS = 30.0  # seconds between two looks for new models


@dataclass(frozen=True)
class ConnectionView:
    """What the panel shows of the connection."""

    state: str = "connecting"  # connecting connected lost refused starting
    sentence: str = "Looking for the DragGAN daemon..."
    hint: str = ""
    can_start: bool = False  # "Start local daemon" makes sense now


class Connection:
    """One address's client; closed and made anew when the address changes. `poll` from a timer.

    `jpeg` is the host's decoder, see `Client`. Raises BadInput for an address that is none.
    """

    def __init__(
        self,
        address: str,
        *,
        name: str,
        plugin_folder: Path,
        clock: Callable[[], float],
        jpeg: Optional[JpegDecoder] = None,
    ) -> None:
        self.view = ConnectionView()
        self.models: Tuple[ModelInfo, ...] = ()
        self.daemon = ""  # name, version and device, for the diagnostics
        self._local = not address
        self._where = "the daemon on this computer" if self._local else address
        self._folder = plugin_folder
        self._clock = clock
        self._started: Optional[StartedDaemon] = None
        self._asked = clock()
        self._client = Client(address or None, name=name, jpeg=jpeg)
        self._exchange = Exchange(self._client)

    def line(self) -> Line:
        """For one edit."""
        return self._exchange.line()

    def poll(self) -> List[Event]:
        """Takes in what has happened; every edit's line has its part then."""
        events = self._exchange.poll()
        for event in events:
            self._take(event)
        self._watch_start()
        self._look_for_models()
        return events

    def start_daemon(self) -> None:
        """Starts the daemon of this computer; what comes of it stands in `view`."""
        command = find_command(self._folder, os.environ)
        if command is None:
            self._fail(_walled_in() if in_a_sandbox(os.environ) else _nothing_to_start())
            return
        try:
            self._started = start_daemon(command)
        except WireError as error:
            self._fail(error)
            return
        self.view = ConnectionView("starting", "Starting the daemon...")

    def close(self) -> None:
        self._client.close()

    def _take(self, event: Event) -> None:
        if isinstance(event, Connected):
            welcome, self._started = event.welcome, None
            self.models = welcome.models
            self.daemon = f"{welcome.daemon}, {welcome.device}"
            self.view = ConnectionView("connected", f"Connected to {self._where}.")
        elif isinstance(event, Refused):
            self._fail(event.error, state="refused")
        elif isinstance(event, Lost) and self._started is None:
            here = self._local and not event.error.told  # else a relay tells of a far daemon
            self._fail(_nobody() if here and isinstance(event.error, NoDaemon) else event.error)
        elif isinstance(event, Envelope) and isinstance(event.message, ModelList):
            self.models = event.message.models

    def _fail(self, error: WireError, state: str = "lost") -> None:
        can_start = self._local and state == "lost" and not error.told
        self.view = ConnectionView(state, error.sentence, error.hint, can_start)

    def _watch_start(self) -> None:
        trouble = self._started.check() if self._started else None
        if trouble is not None:
            self._started = None
            self._fail(trouble)

    def _look_for_models(self) -> None:
        """A model that was imported meanwhile appears by itself."""
        now = self._clock()
        if self._client.welcome is not None and now - self._asked > REFRESH_MODELS:
            self._asked = now
            self._client.send(ListModels())


def _nothing_to_start() -> NoDaemon:
    return NoDaemon(
        "No daemon is installed on this computer.",
        hint="Install it as the manual says, or enter the address of another one.",
    )


def _walled_in() -> NoDaemon:
    return NoDaemon(
        "This editor runs in a sandbox (flatpak, snap), which cannot start the daemon.",
        hint="Start it in a terminal: `draggand serve`.",
    )


def _nobody() -> NoDaemon:
    """For painters: no addresses, and the button that is there."""
    return NoDaemon("No daemon runs on this computer.", hint="Click 'Start local daemon'.")
