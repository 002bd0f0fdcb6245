"""The child's side: an InProcessWorker behind a pipe; the engine, and torch, only when it starts.

It ends with its parent, whatever happens to that: the pipe closes, and on Linux the system ends it
too. Signals that are meant for the daemon (Ctrl+C, a service manager's SIGTERM) are the parent's
business. What it logs goes through the pipe into the daemon's log.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from draggan_wire.errors import WireError
from draggan_wire.messages import Drag, Error, Open, Save, Seek
from draggan_wire.pixels import Bytes

from .in_process import InProcessWorker
from .pipe import Pipe
from .pipe_messages import (
    POISONED,
    pack,
    pack_event,
    unpack,
    unpack_coding,
    unpack_request,
    unpack_restore,
)
from .worker import Engine, Event

log = logging.getLogger("draggand.child")

BEAT_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


class ChildProcess:
    """Serves one parent over `pipe` until it says "end" or closes the pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._worker: InProcessWorker | None = None
        self._naming = threading.Lock()  # events are read and requests done one after the other
        self._stays: dict[str, int] = {}  # of the sessions' present stays

    def run(self, make_engine: Callable[[], Engine]) -> NoReturn:
        logging.getLogger().addHandler(_PipeLog(self._say))
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        engine = make_engine()
        worker = InProcessWorker(engine, on_turn=self._turn, on_poison=self._poisoned)
        self._worker = worker
        self._say("ready", device=worker.device()[:200])
        threading.Thread(target=self._read, args=(worker,), name="reader", daemon=True).start()
        while not worker.ended():
            select.select([worker.fileno()], [], [])
            self._report(worker)
        self._report(worker)
        _leave(0)

    # What is said.

    def _say(self, op: str, buffers: Sequence[Bytes] = (), **head: Any) -> None:
        self._send(pack(op, buffers, **head))

    def _send(self, buffers: Sequence[Bytes]) -> None:
        try:
            self._pipe.send(buffers)
        except OSError:  # nobody is there to work for
            _leave(0)

    def _report(self, worker: InProcessWorker) -> None:
        with self._naming:
            found = [event for event in worker.events() if isinstance(event, Event)]
            stays = dict(self._stays)
            for event in found:
                if event.ends_session:
                    self._stays.pop(event.session, None)
        for event in found:
            if event.session in stays:
                self._send(pack_event(event, stays[event.session]))

    def _turn(self, session: str | None) -> None:
        self._say("turn", session=session)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            device, age = "", 0.0
            if (worker := self._worker) is not None:
                try:
                    health = worker.health()[0]
                    device, age = health.device[:200], health.turn_seconds
                except Exception:
                    log.exception("the device cannot be asked for its name")
            self._say("beat", device=device, age=age)

    def _poisoned(self, reason: str) -> None:
        log.critical("%s Only a new process can compute again.", reason)
        _leave(POISONED)

    # What is asked.

    def _read(self, worker: InProcessWorker) -> None:
        try:
            while True:
                op, head, buffers = unpack(self._pipe.receive())
                with self._naming:
                    self._do(worker, op, head, buffers)
        except EOFError:
            _leave(0)
        except BaseException:
            log.critical("a request could not be understood", exc_info=True)
            _leave(1)

    def _do(
        self, worker: InProcessWorker, op: str, head: Mapping[str, Any], buffers: Sequence[Bytes]
    ) -> None:
        if op == "end":
            worker.end()
        elif op == "ask":
            self._ask(worker, head, buffers)
        elif op == "restore":
            self._stays[head["session"]] = head["stay"]
            worker.restore(head["session"], unpack_restore(head, buffers), head["re"])
        elif op == "code":
            worker.code(head["session"], unpack_coding(head))
        elif op == "stop":
            worker.stop(head["session"])
        elif op == "credit":
            worker.credit(head["session"], head["previews"])
        elif op == "withdraw":
            worker.withdraw_credit(head["session"])
        elif op == "close":
            worker.close(head["session"])
            self._stays.pop(head["session"], None)

    def _ask(
        self, worker: InProcessWorker, head: Mapping[str, Any], buffers: Sequence[Bytes]
    ) -> None:
        session, re, request = head["session"], head["re"], unpack_request(buffers)
        if isinstance(request, Open):
            self._stays[session] = head["stay"]
        try:
            _give(worker, session, request, re)
        except WireError as error:  # it failed while the request was on its way
            if session in self._stays:
                said = Error(error.code, error.sentence, error.hint, session=session)
                self._send(pack_event(Event(session, said, re), self._stays[session]))


def _give(worker: InProcessWorker, session: str, request: Any, re: int | None) -> None:
    if isinstance(request, Open):
        worker.open(session, request, re)
    elif isinstance(request, Drag):
        worker.drag(request, re)
    elif isinstance(request, Seek):
        worker.seek(request, re)
    elif isinstance(request, Save):
        worker.save(request, re)


class _PipeLog(logging.Handler):
    """Sends what is logged to the parent."""

    def __init__(self, say: Callable[..., None]) -> None:
        super().__init__()
        self._say = say
        self.setFormatter(logging.Formatter())  # the message, and a traceback below it

    def emit(self, record: logging.LogRecord) -> None:
        words = self.format(record).replace("\0", "")[: 1 << 16]
        level = max(0, min(50, record.levelno))
        self._say("line", name=record.name[:100], level=level, words=words)


def take_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that whoever starts a child adds to its command."""
    for name in ("fd", "parent", "level"):
        parser.add_argument(f"--{name}", type=int, required=True)


def begin(options: argparse.Namespace) -> ChildProcess:
    """Makes this process the child of the parent that it should have."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != options.parent:  # it died before it could be asked for
        _leave(0)
    os.set_inheritable(options.fd, False)
    faulthandler.enable()
    logging.getLogger().setLevel(options.level)
    return ChildProcess(Pipe(socket.socket(fileno=options.fd)))


def main() -> NoReturn:
    """As `engine_command` in `child` starts it."""
    parser = argparse.ArgumentParser()
    take_arguments(parser)
    parser.add_argument("--device", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--max-bytes", type=int, required=True)
    parser.add_argument("--inversion-bytes", type=int, default=256 << 20)
    parser.add_argument("--unload-after", type=float, default=1800.0)
    options = parser.parse_args()
    begin(options).run(lambda: _engine(options))


def _engine(options: argparse.Namespace) -> Engine:
    """The real one, with torch in memory before the first session asks for it."""
    from .engine import IdleTimes, TorchEngine

    idle = IdleTimes(memory=options.unload_after)
    engine = TorchEngine(
        device=options.device,
        threads=options.threads,
        max_bytes=options.max_bytes,
        inversion_bytes=options.inversion_bytes,
        idle=idle,
    )
    engine.warm_up()
    return engine


def _leave(status: int) -> NoReturn:
    """Without the interpreter's end, in which a broken device could hang."""
    sys.stderr.flush()
    os._exit(status)
