"""Whether the user's own daemon answers, for `draggan doctor`; starts none; never torch."""

from __future__ import annotations

import time
from collections.abc import Iterator

from draggan_wire.client import Client, Connected, Lost, Refused
from draggan_wire.endpoint import default_endpoint
from draggan_wire.errors import WireError
from draggan_wire.messages import Welcome

from draggan import __version__
from draggan.doctor.findings import Finding, good, note, problem

PATIENCE = 5.0  # seconds


def check_daemon(patience: float = PATIENCE) -> Iterator[Finding]:
    """One finding about the daemon at the default endpoint."""
    endpoint = default_endpoint()
    try:
        client = Client(endpoint, name=f"draggan {__version__}")
    except WireError as error:
        yield problem("Daemon", error.sentence, error.hint)
        return
    try:
        yield _first_answer(client, endpoint, patience)
    finally:
        client.close()


def _first_answer(client: Client, endpoint: str, patience: float) -> Finding:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        event = client.next(0.1)
        if isinstance(event, Connected):
            return _welcomed(event.welcome, endpoint)
        if isinstance(event, Refused):
            return problem("Daemon", event.error.sentence, event.error.hint)
        if isinstance(event, Lost):
            return good("Daemon", "None runs now; draggan starts one when it needs it.")
    sentence = f"Something listens at {endpoint} and does not answer."
    return problem("Daemon", sentence, "End it with `draggand stop`; the next command starts anew.")


def _welcomed(welcome: Welcome, endpoint: str) -> Finding:
    sentence = (
        f"{welcome.daemon} answers at {endpoint} (protocol {welcome.protocol}, {welcome.device})."
    )
    if __version__ in welcome.daemon.split():
        return good("Daemon", sentence)
    remedy = "End it with `draggand stop`; the next command starts the installed one."
    return note("Daemon", f"{sentence} This program is draggan {__version__}.", remedy)
