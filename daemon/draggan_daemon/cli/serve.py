"""`draggand serve`: puts the daemon together and serves until told to stop; never torch."""

from __future__ import annotations

import argparse
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draggan_wire.errors import BadInput, WireError

from ..config import Config, load, reloaded
from ..exit_codes import OK
from ..local_socket import claimed
from ..logs import begin_log, set_level
from ..notify import Notifier, WatchedClock
from .place import add_endpoint, socket_of
from .version import version

if TYPE_CHECKING:
    from types import FrameType

    from ..door import Door

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
    try:
        with claimed(path):
            ended = _serve_at(path, config, options)
    except WireError as error:
        if config.log.file:  # the words on standard error may be read by nobody
            log.error("%s %s", error.sentence, error.hint)
        raise
    except Exception:
        log.exception("the daemon failed")
        raise
    if not ended:  # a step that takes very long; its thread dies with the process
        log.warning("the step in flight was cut off")
        logging.shutdown()
        os._exit(OK)
    return OK


def _serve_at(path: Path, config: Config, options: argparse.Namespace) -> bool:
    """Serve until told to end; False if the worker is still in a step then."""
    from ..assembly import Daemon

    notifier = Notifier(os.environ)
    daemon = Daemon(
        config,
        path,
        version=version(),
        reread=_Rereading(config, options),
        clock=WatchedClock(notifier),
    )
    try:
        with daemon.listening() as endpoints:
            _obey_signals(daemon.door, notifier)
            where = " and ".join(endpoints)
            log.info("draggand %s serves at %s", version(), where)
            notifier.ready(f"Serving at {where}")
            daemon.door.serve()
    finally:
        notifier.stopping()  # also for an end that no signal asked for
        ended = daemon.release()
    return ended


class _Rereading:
    """Reads the settings again; what the daemon cannot change while it runs is said in the log."""

    def __init__(self, config: Config, options: argparse.Namespace) -> None:
        self._running, self._options = config, options

    def __call__(self) -> Config:
        self._running, waiting = reloaded(self._running, _config(self._options))
        set_level(self._running.log, verbose=self._options.verbose)
        log.info("the settings have been read again")
        if waiting:
            log.warning("with the next start only: %s", ", ".join(waiting))
        return self._running


def _obey_signals(door: Door, notifier: Notifier) -> None:
    """SIGTERM and Ctrl+C end in good order, the second time at once; SIGHUP reads settings again.

    A terminal that is closed sends SIGHUP as well, and means the end.
    """
    had_terminal = os.isatty(2)

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        notifier.stopping()
        door.end()

    def reload(number: int, frame: FrameType | None) -> None:
        if had_terminal and not os.isatty(2):
            door.end()
        else:
            door.reload()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, reload)


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
