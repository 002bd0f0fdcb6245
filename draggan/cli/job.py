"""What a drag command has been asked to do, checked before any daemon is bothered; never torch."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from draggan_wire.crop import Crop
from draggan_wire.messages import MAX_HANDLES, Pasting
from draggan_wire.workbench.note import Note

from draggan.cli.area import choose_area
from draggan.cli.handles import Handle, check_handles, written
from draggan.errors import BadInput
from draggan.pictures import Picture
from draggan.writing import check_folder

DEFAULT_MODEL = "critters"
QUALITIES = ("fast", "balanced", "best")
PASTES = ("moved", "all")
PRESETS = ("default", "paper", "released")


@dataclass(frozen=True)
class Options:
    """How to work; the command line's defaults stand here and nowhere else."""

    out: Path
    model: str = DEFAULT_MODEL
    quality: str = "balanced"
    preset: str = "default"
    steps: int | None = None
    keep_every: int | None = None  # None: often enough for a smooth animation
    crop: str = "whole"
    endpoint: str | None = None
    save: Path | None = None  # where the edit goes, to be opened again
    paste: str = "moved"
    detail: bool = True
    seam: bool = False
    turn: float = 0.0  # degrees, clockwise

    @property
    def pasting(self) -> Pasting:
        """How what has been dragged comes into the picture."""
        return Pasting(self.paste, self.detail, self.seam)


@dataclass(frozen=True)
class Job:
    """One drag of one picture. `mask` is uint8 (H, W), 255 may move, or None: all may move."""

    picture: Picture
    name: str
    handles: tuple[Handle, ...]
    mask: np.ndarray | None
    options: Options
    saved: Note | None = None  # an edit of another day that is to go on
    path: Path | None = None  # where the picture is found again


def add_options(parser: argparse.ArgumentParser, *, out: str | None) -> None:
    """The options that `draggan drag` and `draggan demo` share."""
    add = parser.add_argument
    add("--model", default=DEFAULT_MODEL, metavar="ID", help="default: %(default)s")
    add(
        "--quality",
        choices=QUALITIES,
        default="balanced",
        help="how much time goes into reading the picture (default: %(default)s)",
    )
    add(
        "--crop",
        default="whole",
        metavar="AREA",
        help="what the model looks at: whole (default), handles (a square around them and the "
        "mask), or X,Y,W,H in pixels. Choose it so that it shows what the model knows",
    )
    add(
        "--turn",
        type=_degrees,
        default=0.0,
        metavar="DEGREES",
        help="by how much what the model knows is tilted in the picture, clockwise (-180 to 180): "
        "the model looks at it upright",
    )
    add_drag_options(parser, out=out)


def add_drag_options(parser: argparse.ArgumentParser, *, out: str | None) -> None:
    """The options of everything that drags, an edit of another day too."""
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        default=out,
        required=out is None,
        metavar="FOLDER",
        help="where the results go; files of the same names are replaced"
        + (f" (default: {out})" if out else ""),
    )
    add(
        "--preset",
        choices=PRESETS,
        default="default",
        help="the drag's method: ours, the DragGAN paper's, or its released code's",
    )
    add("--steps", type=_positive, metavar="N", help="end after so many steps (default: preset's)")
    add(
        "--keep-every",
        type=_positive,
        metavar="N",
        help="keep each Nth step as a layer (default: 5, less often for large pictures and with "
        "--improve-seam)",
    )
    add_paste_options(parser)
    add(
        "--save",
        type=Path,
        metavar="FILE",
        help="keep the edit in a file, for `draggan reopen`",
    )
    add(
        "--endpoint",
        metavar="ADDRESS",
        help="a daemon's address; without it your own daemon is used, and started if need be",
    )


def add_paste_options(parser: argparse.ArgumentParser) -> None:
    """How what has been dragged comes into the picture."""
    add = parser.add_argument
    add(
        "--paste",
        choices=PASTES,
        default="moved",
        help="what goes into the picture: only what has moved (default), or all that the model "
        "looks at, in its own manner",
    )
    add(
        "--no-detail",
        dest="detail",
        action="store_false",
        help="what moves looks as the model paints it, without the picture's own fine detail",
    )
    add(
        "--improve-seam",
        dest="seam",
        action="store_true",
        help="match the edge of what is pasted to what lies around it; takes longer",
    )


def options_from(args: argparse.Namespace) -> Options:
    """Raises BadInput for a model that is given as a file: the daemon knows names alone."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", args.model):
        raise BadInput(
            f"{args.model[:200]!r} is no model's name.",
            hint="`draggan models import FILE` gives a file one; `draggan models` lists them.",
        )
    return Options(
        out=args.out,
        model=args.model,
        quality=args.quality,
        preset=args.preset,
        steps=args.steps,
        keep_every=args.keep_every,
        crop=args.crop,
        endpoint=args.endpoint,
        save=args.save,
        paste=args.paste,
        detail=args.detail,
        seam=args.seam,
        turn=args.turn,
    )


def check_job(job: Job) -> Crop:
    """The part of the picture to work on.

    Refuses with BadInput or CannotWrite what cannot end well, and leaves nothing behind.
    """
    if job.handles or job.saved is None:
        check_handles(job.handles, job.picture.size)
    if len(job.handles) > MAX_HANDLES:
        raise BadInput(
            f"There are {len(job.handles)} handles and pins.",
            hint=f"Use at most {MAX_HANDLES}; leave what should stay out of the mask instead.",
        )
    _check_mask(job)
    crop = _crop_of(job)
    check_folder(job.options.out)
    if job.options.save is not None:
        check_folder(job.options.save.parent)
    return crop


def _crop_of(job: Job) -> Crop:
    if job.saved is None:
        area = job.options.crop
        return choose_area(area, size=job.picture.size, handles=job.handles, mask=job.mask)
    crop, (width, height) = job.saved.source.crop, job.picture.size
    if crop.left + crop.width > width or crop.top + crop.height > height:
        raise BadInput(
            f"The picture has {width} x {height} pixels, too few for the edit that was saved.",
            hint="Name the picture that was dragged then.",
        )
    return crop


def _check_mask(job: Job) -> None:
    moving = [written(handle.start) for handle in job.handles if not handle.pinned]
    if moving and handles_that_the_mask_holds(job) == moving:
        raise BadInput(
            "All handles start where the mask lets nothing move.",
            hint="Paint white what may move around them, or leave --mask out.",
        )


def handles_that_the_mask_holds(job: Job) -> list[str]:
    """Handles that start where the mask lets nothing move, as they are typed."""
    if job.mask is None:
        return []
    height, width = job.mask.shape
    held = []
    for handle in job.handles:
        column, row = (int(value) for value in handle.start)
        if not handle.pinned and not job.mask[min(row, height - 1), min(column, width - 1)]:
            held.append(written(handle.start))
    return held


def keep_every(options: Options, crop: Crop) -> int:
    """How many steps lie between two kept ones: more for large pictures, which fill the memory."""
    if options.keep_every is not None:
        return options.keep_every
    least = 20 if options.seam else 5  # a better seam costs as much as many steps
    return max(least, crop.width * crop.height // 250_000)


def _degrees(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -180 <= value <= 180:
        raise argparse.ArgumentTypeError(f"{text} is no angle from -180 to 180 degrees")
    return value


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return value
