"""`draggan models prepare`: teaches a model to recognise pictures; torch once it is at work.

Ctrl+C ends the work in good order: what is reached is kept, and the next run goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from draggan.cli.interrupts import Interrupts
from draggan.cli.perform import INTERRUPTED
from draggan.cli.progress import Progress

if TYPE_CHECKING:
    from draggan.preparation import PreparationStep

_EPILOG = """\
A model that is prepared finds its own version of a picture sooner, and more surely where the
picture has another background or is hidden in parts. Everything else works without it, too.

example:  draggan models prepare cats --minutes 20
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("model", metavar="MODEL", help="its name, as `draggan models list` says it")
    add("--minutes", type=float, default=10.0, help="of work, earlier runs included (default: 10)")
    add("--device", default="cpu", help="cpu, cuda, ... (default: cpu)")


def run_command(args: argparse.Namespace) -> int:
    """Prepares the model, and says whether it is done or how to go on."""
    from draggan.checkpoint import load_generator
    from draggan.preparation import PreparationOptions, prepare

    last: PreparationStep | None = None
    already = True
    with Interrupts() as interrupts, Progress(sys.stderr) as progress:
        progress.show("Loading the model")
        generator = load_generator(args.model, device=args.device)
        steps = prepare(generator, options=PreparationOptions(minutes=args.minutes))
        for last in steps:
            already = already and last.stage == "done"
            _tell(last, args.minutes, progress)
            if interrupts.requested:
                break
        steps.close()  # what is reached is written here
    if last is None or last.stage != "done":
        print(f"Stopped. What is reached is kept: draggan models prepare {args.model} goes on.")
        return INTERRUPTED
    print(f"{args.model} is prepared{' already' if already else ''}.")
    return 0


def _tell(step: PreparationStep, minutes: float, progress: Progress) -> None:
    if step.stage == "samples":
        progress.show("Drawing samples", f"{step.share:.0%}")
    elif step.stage == "encoder":
        error = f", error {step.error:.2f}" if step.error else ""
        progress.show("Learning", f"{step.minutes:.1f} of {minutes:g} minutes{error}")
