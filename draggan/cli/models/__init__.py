"""`draggan models`: what the daemon can work with, and commands for one's own; never torch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Protocol

from draggan.cli.daemon import connect
from draggan.cli.interrupts import Interrupts
from draggan.cli.progress import Progress


class Listed(Protocol):
    """What a list says of a model, whether the daemon or a file has told it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def licence(self) -> str: ...
    @property
    def summary(self) -> str: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint", metavar="ADDRESS", help="the daemon's address (default: your own daemon)"
    )


def run_command(args: argparse.Namespace) -> int:
    """Prints a paragraph per model that the daemon has."""
    print_models(models_of_the_daemon(args.endpoint))
    return 0


def models_of_the_daemon(endpoint: str | None) -> Iterable[Listed]:
    """What the daemon at that address, or the user's own, can work with. Raises WireError."""
    with Interrupts() as interrupts, Progress(sys.stderr) as progress:
        client = connect(endpoint, progress=progress, interrupts=interrupts)
        welcome = client.welcome
        client.close()
    return welcome.models if welcome else ()


def print_models(models: Iterable[Listed]) -> None:
    """A paragraph per model."""
    for model in models:
        licence = f", {model.licence}" if model.licence else ""
        print(f"{model.id}  {model.title} ({model.width} x {model.height}{licence})")
        if model.summary:
            print(f"    {model.summary}")
