"""Finds the daemon here or elsewhere, or starts one that goes when nobody needs it; never torch."""

from __future__ import annotations

import sys

from draggan_wire.client import Client, Connected, Lost, Refused
from draggan_wire.endpoint import default_endpoint, parse_endpoint
from draggan_wire.starting import StartedDaemon, start_daemon

from draggan import __version__
from draggan.cli.interrupts import Interrupts
from draggan.cli.own_relay import RelayedClient, is_elsewhere
from draggan.cli.progress import Progress


def connect(endpoint: str | None, *, progress: Progress, interrupts: Interrupts) -> Client:
    """A client that has been welcomed; the caller closes it.

    `endpoint` None means the user's own daemon, which is started where none answers; an address
    that is named must answer. tcp:// of another machine is reached by a relay of the client's own,
    which ends with it. Raises NoDaemon, WrongProtocol or AccessRefused, and
    KeyboardInterrupt when the user has had enough.
    """
    progress.show("Connecting to the daemon")
    client = _client(endpoint)
    try:
        _wait_for_welcome(client, endpoint, progress, interrupts)
    except BaseException:
        client.close()
        raise
    return client


def _client(endpoint: str | None) -> Client:
    name = f"draggan {__version__}"
    if endpoint is not None and is_elsewhere(endpoint):
        return RelayedClient(endpoint, name=name)
    return Client(endpoint, name=name)


def _wait_for_welcome(
    client: Client, endpoint: str | None, progress: Progress, interrupts: Interrupts
) -> None:
    started: StartedDaemon | None = None
    while True:
        event = client.next(0.1)  # what follows the welcome is for whoever works with the client
        if isinstance(event, Connected):
            progress.settle("Connected", event.welcome.daemon)
            return
        if isinstance(event, Refused):
            raise event.error
        if isinstance(event, Lost) and started is None:
            started = _start(endpoint, event)
            progress.show("Starting a daemon")
        if interrupts.requested:
            raise KeyboardInterrupt
        if started is not None and (fault := started.check()) is not None:
            raise fault


def _start(endpoint: str | None, lost: Lost) -> StartedDaemon:
    by_relay = lost.error.told  # somebody is here, and tells of a daemon elsewhere
    if endpoint is not None or by_relay or not parse_endpoint(default_endpoint()).path:
        raise lost.error
    return start_daemon([sys.executable, "-m", "draggan_daemon"])
