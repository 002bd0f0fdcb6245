"""`draggan package krita`: the plugin as a zip for Krita's own plugin importer; never torch."""

from __future__ import annotations

import argparse
from pathlib import Path

from draggan import __version__
from draggan.plugins.packing import pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    name = f"draggan-krita-{__version__}.zip"
    parser.epilog = "In Krita: Tools > Scripts > Import Python Plugin from File."
    parser.set_defaults(out=Path(name))
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"the file to write (default: {name})"
    )


def run_command(args: argparse.Namespace) -> int:
    """Writes the zip and says what to do with it."""
    files = pack("krita", args.out)
    print(f"{args.out}: {files} files, {args.out.stat().st_size / 1024:.0f} KB")
    print("In Krita: Tools > Scripts > Import Python Plugin from File, then restart Krita.")
    return 0
