"""The daemon's command line: serve, status, stop, connect, models; loads nothing heavy to parse.

Exit codes: 0, 2 usage, 69 the daemon is not there (or another one is), 78 a setting is wrong.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from draggan_wire.endpoint import default_endpoint
from draggan_wire.errors import AccessRefused, NoDaemon, WireError

from .config import Config, ConfigError, load_config
from .local_socket import answers, claimed, serving_process, socket_path

if TYPE_CHECKING:
    from types import FrameType

    from draggan_wire.messages import Welcome

OK, USAGE, UNAVAILABLE, CONFIGURATION = 0, 2, 69, 78
EPHEMERAL_IDLE_EXIT = "15m"
ANSWER_SECONDS = 5.0
STOP_SECONDS = 20.0

log = logging.getLogger("draggand")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except (ConfigError, AccessRefused) as error:
        return _complain(error, CONFIGURATION)
    except WireError as error:
        return _complain(error, UNAVAILABLE)
    except KeyboardInterrupt:
        return 130


def _complain(error: WireError, code: int) -> int:
    print(f"draggand: {error.sentence}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="draggand",
        description="The DragGAN daemon: holds the models and computes the drags for editors.",
        epilog="Settings: flags > DRAGGAND_* variables > ~/.config/draggand/config.toml.",
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serve(commands.add_parser("serve", help="serve editors until told to stop"))
    status = commands.add_parser("status", help="say whether a daemon answers, and which")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=_status)
    stop = commands.add_parser("stop", help="end the daemon after the step it computes")
    stop.set_defaults(run=_stop)
    connect = commands.add_parser("connect", help="what ssh:// addresses run at the far end")
    connect.description = (
        "Passes standard input and output on to this user's daemon, which is started if none "
        "answers. An editor elsewhere uses it as ssh://user@host; a key can be bound to it with "
        'command="draggand connect",restrict in ~/.ssh/authorized_keys.'
    )
    connect.set_defaults(run=_connect)
    for command in (status, stop, connect):
        _add_endpoint(command)
    models = commands.add_parser("models", help="list the models that can be opened here")
    models.set_defaults(run=_models)
    return parser


class _PrintVersion(argparse.Action):
    """Looks the version up only when asked: reading the installation's metadata takes a while."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"draggand {_version()}")
        parser.exit()


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.description = "Serve editors of this user on this computer, until Ctrl+C or SIGTERM."
    _add_endpoint(serve)
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
    serve.add_argument("-v", "--verbose", action="store_true", help="log more")
    serve.set_defaults(run=_serve)


def _add_endpoint(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--endpoint", metavar="ipc:///PATH", help="the socket (default: the user's own)"
    )


def _version() -> str:
    try:
        return metadata.version("draggan-studio")
    except metadata.PackageNotFoundError:
        return "(not installed)"


# serve


def _serve(options: argparse.Namespace) -> int:
    config = _config(options)
    path = _path(config.endpoint)
    _begin_log(verbose=options.verbose)
    with claimed(path):
        ended = _serve_at(path, config)
    if not ended:  # a step that takes very long; its thread dies with the process
        log.warning("the step in flight was cut off")
        logging.shutdown()
        os._exit(OK)
    return OK


def _serve_at(path: Path, config: Config) -> bool:
    """Serve until told to end; False if the worker is still in a step then."""
    from .door import Door
    from .engine import TorchEngine
    from .in_process import InProcessWorker

    engine = TorchEngine(
        device=config.device[0], threads=config.threads, max_bytes=config.limits.max_bytes
    )
    worker = InProcessWorker(engine)
    door = Door(worker, config, version=_version())

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
        door.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    door.bind(f"ipc://{path}")
    log.info("serving at ipc://%s", path)
    door.serve()
    if ended := worker.ended():
        worker.release()
    return ended


def _config(options: argparse.Namespace) -> Config:
    names = ("endpoint", "device", "threads", "idle_exit")
    given = {name: getattr(options, name) for name in names}
    flags = {name: value for name, value in given.items() if value is not None}
    config = load_config(file=options.config, flags=flags)
    if options.ephemeral and config.idle_exit is None:
        return load_config(file=options.config, flags={**flags, "idle_exit": EPHEMERAL_IDLE_EXIT})
    return config


def _begin_log(*, verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _path(endpoint: str | None) -> Path:
    return socket_path(endpoint or load_config().endpoint or default_endpoint())


# connect, status, stop, models


def _connect(options: argparse.Namespace) -> int:
    from draggan_wire.connection import open_socket
    from draggan_wire.endpoint import Endpoint

    from .detached import ensure_daemon, lasting_path
    from .stream import pass_stream

    path = _path(options.endpoint)
    if options.endpoint is None and not answers(path):
        path = lasting_path(path)
    ensure_daemon(path)
    with open_socket(Endpoint(path=str(path))) as daemon:
        daemon.setblocking(True)
        pass_stream(daemon)
    return OK


def _status(options: argparse.Namespace) -> int:
    path = _path(options.endpoint)
    try:
        welcome, milliseconds = _meet(path)
    except WireError as error:
        if options.json:
            print(
                json.dumps({"answering": False, "endpoint": f"ipc://{path}", "error": error.code})
            )
            return UNAVAILABLE
        raise
    if options.json:
        print(json.dumps(_facts(path, welcome, milliseconds), indent=2))
        return OK
    print(f"{welcome.daemon} answers at ipc://{path} in {milliseconds:.1f} ms")
    print(f"  process  {serving_process(path) or 'unknown'}")
    print(f"  device   {welcome.device}")
    print(f"  models   {', '.join(model.id for model in welcome.models) or 'none'}")
    return OK


def _facts(path: Path, welcome: Welcome, milliseconds: float) -> dict[str, object]:
    return {
        "answering": True,
        "endpoint": f"ipc://{path}",
        "daemon": welcome.daemon,
        "protocol": welcome.protocol,
        "process": serving_process(path),
        "device": welcome.device,
        "models": [model.id for model in welcome.models],
        "round_trip_ms": round(milliseconds, 3),
    }


def _meet(path: Path) -> tuple[Welcome, float]:
    """The daemon's welcome and the milliseconds of a ping. Raises WireError where none answers."""
    from draggan_wire.client import Client, Connected
    from draggan_wire.messages import Envelope, Ping

    client = Client(f"ipc://{path}", name=f"draggand {_version()}")
    deadline = time.monotonic() + ANSWER_SECONDS
    welcome, asked = None, 0.0
    try:
        while time.monotonic() < deadline:
            for event in client.poll(0.2):
                if isinstance(event, Connected):
                    welcome, asked = event.welcome, time.perf_counter()
                    number = client.send(Ping())
                elif isinstance(event, Envelope):
                    if welcome is not None and event.re == number:
                        return welcome, 1000 * (time.perf_counter() - asked)
                else:
                    raise event.error
    finally:
        client.close()
    raise NoDaemon(
        f"The daemon at {path} does not answer.", hint="End it with `draggand stop`, then serve."
    )


def _stop(options: argparse.Namespace) -> int:
    path = _path(options.endpoint)
    process = serving_process(path)
    if process is None:
        raise NoDaemon(f"No daemon serves {path}.", hint="There is nothing to stop.")
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while serving_process(path) == process:
        if time.monotonic() > deadline:
            raise NoDaemon(
                f"The daemon (process {process}) has not ended after {STOP_SECONDS:g} s.",
                hint=f"`kill {process}` ends it at once.",
            )
        time.sleep(0.02)
    print(f"stopped the daemon at ipc://{path}")
    return OK


def _models(options: argparse.Namespace) -> int:
    from .engine import TorchEngine

    for model in TorchEngine(device="cpu", threads=0).models():
        print(f"{model.id:20} {model.width} x {model.height}  {model.title} ({model.licence})")
    return OK
