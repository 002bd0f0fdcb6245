"""`draggand bench`: what the wire, the journal and recovery cost here; light to parse."""

from __future__ import annotations

import argparse
from typing import Any


def register(commands: Any) -> None:
    bench = commands.add_parser("bench", help="measure the wire, the journal and recovery here")
    bench.description = (
        "Measures with a painting daemon of its own, without model or GPU: every way to a daemon, "
        "straight and over a simulated link of 50 Mbit/s and 40 ms; a drag's standstill when a "
        "process is killed; the journal. Takes about two minutes."
    )
    bench.add_argument("--json", action="store_true", help="for programs")
    bench.add_argument(
        "--seconds", type=float, default=3.0, metavar="N", help="of previews for each way (3)"
    )
    bench.add_argument(
        "--ways",
        default="ipc,loopback,stream,curve",
        metavar="LIST",
        help="ipc, loopback, stream, curve (default: all)",
    )
    bench.add_argument(
        "--kills", type=int, default=5, metavar="N", help="of the worker and of the daemon (5)"
    )
    bench.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from ..bench.command import run

    return run(options)
