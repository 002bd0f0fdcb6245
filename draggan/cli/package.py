"""`draggan package`: an editor's plugin as one zip; never torch."""

from __future__ import annotations

import argparse
from pathlib import Path

from draggan import __version__
from draggan.plugins.assembly import plugin_for
from draggan.plugins.packing import pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Expects the default `host`: the editor that the plugin is for."""
    plugin = plugin_for(parser.get_default("host"))
    name = f"draggan-{plugin.host}-{__version__}.zip"
    parser.epilog = plugin.unpacking
    parser.set_defaults(out=Path(name))
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"the file to write (default: {name})"
    )


def run_command(args: argparse.Namespace) -> int:
    """Writes the zip and says what to do with it."""
    plugin = plugin_for(args.host)
    files = pack(plugin.host, args.out)
    print(f"{args.out}: {files} files, {args.out.stat().st_size / 1024:.0f} KB")
    print(plugin.unpacking)
    return 0
