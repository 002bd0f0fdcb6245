"""A daemon that paints instead of computing, as a process: all else is the real one; no torch.

python -m draggan_daemon.bench.daemon --set endpoint=ipc:///PATH [--engine MODULE:CLASS]
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Sequence

from ..assembly import Daemon
from ..child import ChildWorker
from ..config import Config, load_config
from ..in_process import InProcessWorker
from ..keeper import Patience
from ..local_socket import claimed, socket_path
from ..worker import SessionWorker
from .painter import find_engine

ENGINE = "draggan_daemon.bench.painting:PaintingEngine"


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    config = load_config(flags=dict(setting.split("=", 1) for setting in options.set))
    path = socket_path(config.endpoint)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until there is a door to be closed
    with claimed(path):
        daemon = Daemon(
            config,
            path,
            version="bench",
            clock=time.monotonic,
            make=lambda config: _worker(config, options.engine),
        )
        try:
            with daemon.listening() as endpoints:
                signal.signal(signal.SIGTERM, lambda *_: daemon.door.end())
                signal.signal(signal.SIGHUP, lambda *_: daemon.door.reload())
                print(*endpoints, flush=True)
                daemon.door.serve()
        finally:
            daemon.release()
    return 0


def _worker(config: Config, engine: str) -> SessionWorker:
    if config.worker.isolation == "thread":
        return InProcessWorker(find_engine(engine))
    settings = config.worker
    patience = Patience(settings.hang_after, settings.longest_turn, settings.end_after)
    command = [sys.executable, "-m", "draggan_daemon.bench.painter", "--engine", engine]
    models = find_engine(engine).models()
    return ChildWorker(command, name="brush", models=lambda: models, patience=patience)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A DragGAN daemon that paints.")
    parser.add_argument("--engine", default=ENGINE, metavar="MODULE:CLASS")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="as of `draggand serve`"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
