"""`draggan models list`: the models of this computer, or those of a daemon; never torch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Protocol

from draggan.cli.daemon import connect
from draggan.cli.interrupts import Interrupts
from draggan.cli.progress import Progress


class Listed(Protocol):
    """What a list says of a model, whether a file or a daemon has told it."""

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
        "--endpoint",
        metavar="ADDRESS",
        default=argparse.SUPPRESS,  # `draggan models --endpoint ... list` has set it already
        help="ask the daemon at this address for its models instead",
    )


def run_command(args: argparse.Namespace) -> int:
    """Prints a paragraph per model."""
    endpoint = getattr(args, "endpoint", None)
    for model in _here() if endpoint is None else _of_the_daemon(endpoint):
        licence = f", {model.licence}" if model.licence else ""
        prepared = ", prepared" if endpoint is None and _prepared(model) else ""
        print(f"{model.id}  {model.title} ({model.width} x {model.height}{licence}{prepared})")
        if model.summary:
            print(f"    {model.summary}")
    return 0


def _here() -> Iterable[Listed]:
    from draggan.checkpoint import list_models

    return list_models()


def _prepared(model: Listed) -> bool:
    from draggan.encoder_files import prepared_in_words

    return prepared_in_words(model.id).startswith("yes")


def _of_the_daemon(endpoint: str) -> Iterable[Listed]:
    """What the daemon at that address can work with. Raises WireError."""
    with Interrupts() as interrupts, Progress(sys.stderr) as progress:
        client = connect(endpoint, progress=progress, interrupts=interrupts)
        welcome = client.welcome
        client.close()
    return welcome.models if welcome else ()
