"""`draggan models import`: a StyleGAN2 file of whatever kind becomes a model; torch only to check.

Ctrl+C and a TERM signal leave no trace of an import that is not done.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from draggan.cli.models.showing import network_in_words
from draggan.cli.progress import Progress

if TYPE_CHECKING:
    from draggan.checkpoint import ImportedModel

_EPILOG = """\
Reads NVIDIA's .pkl files (stylegan2-ada-pytorch, and the StyleGAN2 networks of stylegan3),
rosinality's .pt files, tuned generators and state dictionaries in either layout, and .safetensors.
What is in the file decides, not its name; nothing in it is ever executed.

example:  draggan models import network-snapshot-010000.pkl --name cats
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE", help="the model's file")
    parser.add_argument("--name", help="what to call it (default: the file's name)")


def run_command(args: argparse.Namespace) -> int:
    """Imports the file, and says what it was and what to do next."""
    from draggan.checkpoint import import_model

    with _terminable(), Progress(sys.stderr) as progress:
        progress.show("Reading")
        imported = import_model(args.file, model_id=args.name, report=progress.show)
    for line in _summary(imported):
        print(line)
    return 0


def _summary(imported: ImportedModel) -> Iterator[str]:
    from draggan.checkpoint.card import read_header

    card, header = imported.card, read_header(imported.card.path)
    done = "is already there" if imported.already else "imported"
    yield f"{card.id} {done}: {imported.origin}, {card.width} x {card.height} pixels"
    yield from (f"    {key}: {words}" for key, words in network_in_words(header))
    yield from (f"    Note: {note}" for note in imported.notes)
    yield f"    {card.path}"
    label = " --label 0" if header.architecture.get("c_dim") else ""
    yield f"Try it:  draggan sample {card.id}{label} --seeds 0-15 --out {card.id}-samples"


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """A TERM signal as KeyboardInterrupt, so that it cleans up like Ctrl+C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
