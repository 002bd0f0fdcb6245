"""`draggand serve`: puts the daemon together and serves until told to stop; never torch."""

from __future__ import annotations

import argparse
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draggan_wire.errors import BadInput

from ..config import Config, load
from ..exit_codes import OK
from ..local_socket import claimed
from ..logs import begin_log
from ..notify import Notifier, WatchedClock
from .place import add_endpoint, socket_of
from .version import version

if TYPE_CHECKING:
    from types import FrameType

EPHEMERAL_IDLE_EXIT = "15m"

log = logging.getLogger("draggand")


def register(commands: Any) -> None:
    serve = commands.add_parser("serve", help="serve editors until told to stop")
    serve.description = "Serve editors of this user, until Ctrl+C or SIGTERM."
    add_endpoint(serve)
    serve.add_argument("--config", metavar="FILE", type=Path, help="read the settings from FILE")
    serve.add_argument("--device", metavar="auto|cpu|cuda", help="what computes (default: auto)")
    serve.add_argument("--threads", metavar="N", help="CPU threads (default: torch's choice)")
    serve.add_argument(
        "--ephemeral", action="store_true", help="end when nobody needs the daemon any more"
    )
    serve.add_argument(
        "--idle-exit",
        metavar="TIME",
        help=f"end after so long without work, such as 90s or 15m ({EPHEMERAL_IDLE_EXIT} with "
        "--ephemeral)",
    )
    serve.add_argument(
        "--listen", metavar="HOST:PORT", help="serve other computers too, encrypted (0.0.0.0:7417)"
    )
    serve.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="any setting of `draggand config show`, such as journal.keep=2h",
    )
    serve.add_argument("-v", "--verbose", action="store_true", help="log more")
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    config = _config(options)
    path = socket_of(config)
    begin_log(config.log, verbose=options.verbose)
    with claimed(path):
        ended = _serve_at(path, config)
    if not ended:  # a step that takes very long; its thread dies with the process
        log.warning("the step in flight was cut off")
        logging.shutdown()
        os._exit(OK)
    return OK


def _serve_at(path: Path, config: Config) -> bool:
    """Serve until told to end; False if the worker is still in a step then."""
    from ..door import Door
    from ..engine import TorchEngine
    from ..in_process import InProcessWorker

    engine = TorchEngine(
        device=config.device[0], threads=config.threads, max_bytes=config.limits.max_bytes
    )
    worker = InProcessWorker(engine)
    notifier = Notifier(os.environ)
    door = Door(worker, config, version=version(), clock=WatchedClock(notifier))

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
        notifier.stopping()
        door.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    door.bind(f"ipc://{path}")
    log.info("serving at ipc://%s", path)
    notifier.ready(f"Serving at ipc://{path}")
    door.serve()
    if ended := worker.ended():
        worker.release()
    return ended


def _config(options: argparse.Namespace) -> Config:
    names = ("endpoint", "device", "threads", "idle_exit")
    given = {name: getattr(options, name) for name in names}
    given["remote.listen"] = options.listen
    flags = {name: value for name, value in given.items() if value is not None}
    flags.update(_assignment(text) for text in options.set)
    config = load(file=options.config, flags=flags).config
    if options.ephemeral and config.idle_exit is None:
        return load(file=options.config, flags={**flags, "idle_exit": EPHEMERAL_IDLE_EXIT}).config
    return config


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"--set {text[:80]} sets nothing.", hint="Write --set journal.keep=2h.")
    return name.strip(), value.strip()
