"""`draggan models remove`: deletes one of the user's own models; never torch."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="its name, as `draggan models list` says it")


def run_command(args: argparse.Namespace) -> int:
    """Deletes the model's file and says so."""
    from draggan.checkpoint import remove_model

    print(f"removed {remove_model(args.model)}")
    return 0
