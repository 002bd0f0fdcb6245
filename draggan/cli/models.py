"""`draggan models`: what the daemon can work with; never torch."""

from __future__ import annotations

import argparse
import sys

from draggan.cli.daemon import connect
from draggan.cli.interrupts import Interrupts
from draggan.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint", metavar="ADDRESS", help="the daemon's address (default: your own daemon)"
    )


def run_command(args: argparse.Namespace) -> int:
    """Prints a paragraph per model."""
    with Interrupts() as interrupts, Progress(sys.stderr) as progress:
        client = connect(args.endpoint, progress=progress, interrupts=interrupts)
        welcome = client.welcome
        client.close()
    for model in welcome.models if welcome else ():
        licence = f", {model.licence}" if model.licence else ""
        print(f"{model.id}  {model.title} ({model.width} x {model.height}{licence})")
        if model.summary:
            print(f"    {model.summary}")
    return 0
