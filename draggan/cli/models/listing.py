"""`draggan models list`: the models of this computer, without a daemon; never torch."""

from __future__ import annotations

import argparse

from draggan.cli.models import models_of_the_daemon, print_models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint",
        metavar="ADDRESS",
        default=argparse.SUPPRESS,  # `draggan models --endpoint ... list` has set it already
        help="ask the daemon at this address for its models instead",
    )


def run_command(args: argparse.Namespace) -> int:
    """Prints a paragraph per model."""
    if args.endpoint is not None:
        print_models(models_of_the_daemon(args.endpoint))
        return 0
    from draggan.checkpoint import list_models

    print_models(list_models())
    return 0
