"""`draggan sample`: what a model draws, without a daemon; torch only when the drawing begins."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from draggan.cli.interrupts import Interrupts
from draggan.cli.progress import Progress
from draggan.errors import BadInput
from draggan.gallery.number_lists import parse_seeds
from draggan.writing import check_folder

if TYPE_CHECKING:
    from draggan.gallery.album import Told
    from draggan.gallery.drawing import Artist

MAX_FRAMES = 5000
_FRAMES_PER_SEED, _USUAL_FRAMES = 24, 1200  # about a second of the animation each

_EPILOG = """\
A seed gives the picture that it gives in StyleGAN2's own programs: z is
numpy.random.RandomState(seed).randn(1, z_dim).

example:  draggan sample critters --seeds 0-15 --psi 0.7 --interpolate --out samples/
          draggan sample critters --seeds 0-3 --mix --mix-columns 10-15 --mix-rows coarse --out mix/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("model", metavar="MODEL", help="a model's id, or the path of a .safetensors file")
    add("--seeds", required=True, metavar="LIST", help="such as 0-15,33,40-44")
    add("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    add(
        "--psi",
        type=float,
        default=1.0,
        metavar="N",
        help="truncation: 1 is the model's full variety, 0 its average picture; below 1 pictures "
        "are more typical (default: 1, as in StyleGAN2-ADA's generate.py)",
    )
    add("--label", type=int, metavar="N", help="the class, of a model that has classes")
    add(
        "--noise",
        choices=("const", "none", "random"),
        default="const",
        help="the model's own maps (default), none, or random ones that each seed repeats",
    )
    add(
        "--npy", action="store_true", help="also float32 (1, 3, H, W) before cutting off, seedN.npy"
    )
    add("--device", metavar="NAME", help="cpu or cuda (default: a GPU that can be used, else cpu)")
    _add_interpolation(parser.add_argument_group("an animation that runs through the seeds"))
    _add_mixing(parser.add_argument_group("a grid of mixed styles"))


def _add_interpolation(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--interpolate", action="store_true", help="write interpolation.webp, an endless loop")
    add(
        "--frames",
        type=int,
        metavar="N",
        help=f"of the whole loop, at 25 a second (default: {_FRAMES_PER_SEED} for each seed, at "
        f"most {_USUAL_FRAMES})",
    )
    add("--space", choices=("w", "z"), default="w", help="where the way runs (default: w)")


def _add_mixing(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--mix", action="store_true", help="write mixing.png")
    add(
        "--mix-columns",
        metavar="LIST",
        help="seeds of the columns; --seeds are then the rows (default: half of --seeds each)",
    )
    add(
        "--mix-rows",
        default="coarse",
        metavar="ROWS",
        help="which rows of W+ come from the column: coarse (0-3), middle (4-7), fine (the others) "
        "or a list such as 0-5 (default: coarse)",
    )


def run_command(args: argparse.Namespace) -> int:
    seeds = parse_seeds(args.seeds)
    grid = _grid(args, seeds)
    _check_numbers(args)
    folder = check_folder(args.out)
    with Interrupts() as interrupts, Progress(sys.stderr) as progress:
        progress.show("Loading the model", args.model)
        artist = _artist(args)

        def telling(stage: str) -> Told:
            return _telling(stage, progress, interrupts)

        for path in _written(args, artist, seeds, grid, folder, telling):
            print(path)
    return 0


def _grid(
    args: argparse.Namespace, seeds: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds of the mixing grid's rows and columns."""
    if args.mix_columns is not None:
        args.mix = True
        return seeds, parse_seeds(args.mix_columns, option="--mix-columns")
    half = -(-len(seeds) // 2)
    if args.mix and len(seeds) < 2:
        raise BadInput("--mix needs two seeds at least.", hint="Add some, or give --mix-columns.")
    return seeds[:half], seeds[half:]


def _check_numbers(args: argparse.Namespace) -> None:
    if not math.isfinite(args.psi):
        raise BadInput(f"--psi {args.psi} is no number to multiply by.", hint="Try --psi 0.7")
    if args.frames is not None and not args.interpolate:
        raise BadInput("--frames counts those of an animation.", hint="Add --interpolate.")
    if args.frames is not None and not 1 <= args.frames <= MAX_FRAMES:
        raise BadInput(f"--frames {args.frames} is out of range.", hint=f"Use 1 to {MAX_FRAMES}.")


def _artist(args: argparse.Namespace) -> Artist:
    from draggan.checkpoint import load_generator
    from draggan.gallery.drawing import Artist, Manner, best_device

    generator = load_generator(args.model, device=args.device or best_device())
    return Artist(generator, Manner(psi=args.psi, label=args.label, noise=args.noise))


def _telling(stage: str, progress: Progress, interrupts: Interrupts) -> Told:
    def told(done: int, total: int) -> None:
        if interrupts.requested:
            raise KeyboardInterrupt
        progress.show(stage, f"{done + 1} of {total}")

    return told


def _written(
    args: argparse.Namespace,
    artist: Artist,
    seeds: tuple[int, ...],
    grid: tuple[tuple[int, ...], tuple[int, ...]],
    folder: Path,
    telling: Callable[[str], Told],
) -> Iterator[Path]:
    """Writes what was asked for; yields the paths of what shows all of it."""
    from draggan.gallery.album import write_interpolation, write_mixing_grid, write_pictures
    from draggan.gallery.mixing import parse_rows

    rows = parse_rows(args.mix_rows, artist.generator.num_ws) if args.mix else ()
    yield write_pictures(artist, seeds, folder, npy=args.npy, told=telling("Drawing"))
    if args.interpolate:
        frames = args.frames or min(_USUAL_FRAMES, _FRAMES_PER_SEED * len(seeds))
        told = telling("Animating")
        yield write_interpolation(artist, seeds, folder, frames=frames, space=args.space, told=told)
    if args.mix:
        yield write_mixing_grid(artist, grid, rows, folder, told=telling("Mixing"))
