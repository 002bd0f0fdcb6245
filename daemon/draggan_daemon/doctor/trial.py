"""A session of our own: opens a seed, drags it a few steps, and says how long that took; no torch.

It is tried with the daemon that serves, or with a private one in a temporary folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from draggan_wire.client import Client, Connected, Event
from draggan_wire.errors import LimitExceeded, NoDaemon, WireError
from draggan_wire.messages import (
    Close,
    Closed,
    Done,
    Drag,
    DragSettings,
    Envelope,
    Error,
    Message,
    Open,
    Opened,
    Ready,
    State,
    Welcome,
)

from draggan import __version__
from draggan.doctor.findings import Finding, good, note, problem

from ..local_socket import answers

PATIENCE = 120.0  # seconds for each step of the way: a cold disk reads torch slowly
STEPS = 4
SLOW_STEP = 2.0  # seconds: an artist would call it broken


@dataclass(frozen=True)
class Trial:
    """Seconds: until the daemon answered, until the picture was open, for each step."""

    daemon: str
    answered: float
    opened: float
    step: float


def check_daemon(path: Path) -> Iterator[Finding]:
    """One finding about the daemon, one about a session with it."""
    running = answers(path)
    try:
        if running:
            trial = try_session(path)
        else:
            with private_daemon() as own:
                trial = try_session(own)
    except LimitExceeded as error:
        yield note("Session", f"None could be tried: {error.sentence}", error.hint)
        return
    except WireError as error:
        yield problem("Session", f"A trial failed: {error.sentence}", error.hint or _LOOK)
        return
    yield _daemon_finding(trial, path, running)
    yield _session_finding(trial)


_LOOK = "`draggand serve -v` in a terminal says more."


def _daemon_finding(trial: Trial, path: Path, running: bool) -> Finding:
    if not running:
        sentence = f"None serves {path}; one of our own answered after {trial.answered:.1f} s."
        return good("Daemon", sentence)
    sentence = f"{trial.daemon} answers at {path} within {1000 * trial.answered:.0f} ms."
    if __version__ in trial.daemon.split():
        return good("Daemon", sentence)
    remedy = "End it with `draggand stop`; the next start takes the installed one."
    return note("Daemon", f"{sentence} This program is {__version__}.", remedy)


def _session_finding(trial: Trial) -> Finding:
    sentence = f"A picture was open after {trial.opened:.1f} s, and each step of a drag took "
    sentence += f"{1000 * trial.step:.0f} ms."
    if trial.step > SLOW_STEP:
        return note("Session", sentence, "That is slow: a GPU, or fewer other programs, help.")
    return good("Session", sentence)


def try_session(path: Path) -> Trial:
    """Opens the smallest model's seed 0 and drags it. Raises the error that came in the way."""
    begin = time.monotonic()
    client = Client(f"ipc://{path}", name=f"draggand doctor {__version__}")
    try:
        welcome = _welcome(client)
        answered = time.monotonic() - begin
        if not welcome.models:
            raise NoDaemon("The daemon has no model.", hint="Install draggan again.")
        model = min(welcome.models, key=lambda one: (one.width * one.height, one.id))
        opened = _hear(client, client.send(Open(model.id, seed=0)), Opened)
        assert isinstance(opened, Opened)
        _hear(client, None, Ready)
        ready = time.monotonic() - begin - answered
        _drag(client, opened, steps=1)  # what is made ready once is not measured
        step = _drag(client, opened, steps=STEPS)
        _hear(client, client.send(Close(opened.session)), Closed)
        return Trial(welcome.daemon, answered, ready, step)
    finally:
        client.close()


def _drag(client: Client, opened: Opened, *, steps: int) -> float:
    """Seconds of a step: from the first one's begin, as the state says, to the end."""
    middle, side = (opened.width / 2, opened.height / 2), max(opened.width, opened.height)
    target = (middle[0] + side / 4, middle[1])
    settings = DragSettings(steps=steps)
    drag = Drag(opened.session, (middle,), (target,), settings=settings, preview_every_ms=None)
    number = client.send(drag)
    _hear(client, number, State)
    begin = time.monotonic()
    done = _hear(client, number, Done)
    assert isinstance(done, Done)
    return (time.monotonic() - begin) / max(1, done.steps)


def _welcome(client: Client) -> Welcome:
    event = _wait(client, lambda event: isinstance(event, Connected))
    assert isinstance(event, Connected)
    return event.welcome


def _hear(client: Client, number: int | None, kind: type[Message]) -> Message:
    """The first message of that kind, about the request if it is named."""

    def wanted(event: Event) -> bool:
        if not isinstance(event, Envelope) or (number is not None and event.re != number):
            return False
        return isinstance(event.message, kind)

    event = _wait(client, wanted)
    assert isinstance(event, Envelope)
    return event.message


def _wait(client: Client, wanted: Callable[[Event], bool]) -> Event:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        event = client.next(0.1)
        if event is None:
            continue
        if wanted(event):
            return event
        if isinstance(event, Envelope):
            if isinstance(event.message, Error):
                raise event.message.exception()
        elif not isinstance(event, Connected):
            raise event.error
    raise NoDaemon(f"The daemon did not answer within {PATIENCE:g} s.", hint=_LOOK)


@contextmanager
def private_daemon() -> Iterator[Path]:
    """A daemon of our own for a moment, with the user's settings but nobody else at its doors."""
    with tempfile.TemporaryDirectory(prefix="draggand-doctor-") as folder:
        path = Path(folder) / "run" / "d.sock"
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(path, Path(folder)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DRAGGAND_SOCKET": str(path)},
            )
        try:
            _await(process, path, log)
            yield path
        finally:
            _end(process)


def _command(path: Path, folder: Path) -> list[str]:
    changed = ("remote.listen=", "loopback.port=0", f"journal.folder={folder / 'journal'}")
    assignments = [word for text in (*changed, "log.file=") for word in ("--set", text)]
    command = [sys.executable, "-m", "draggan_daemon", "serve", "--endpoint", f"ipc://{path}"]
    return [*command, "--idle-exit", "5m", *assignments]


def _await(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers(path):
        if process.poll() is not None or time.monotonic() > deadline:
            words = log.read_text(errors="replace").strip().splitlines()
            said = f" Its last words: {words[-1].strip()[:300]}" if words else ""
            raise NoDaemon(f"A daemon of our own could not be started.{said}", hint=_LOOK)
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
