"""`draggan drag`: points of one's own picture; never torch."""

from __future__ import annotations

import argparse
from pathlib import Path

from draggan.cli.handles import Handle, parse_handle, parse_pin
from draggan.cli.job import Job, add_options, options_from
from draggan.cli.perform import run_job
from draggan.pictures import open_mask, open_picture

_EPILOG = """\
Points are X,Y in pixels of the picture, counted from its top left corner.
White in the mask (or, in a transparent file, what is opaque) may move; all else stays.

example:  draggan drag photo.png --handle 120,80:160,84 --handle 90,140:90,160 \\
              --pin 30,30 --mask movable.png --out out/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("picture", type=Path, metavar="PICTURE", help="PNG, JPEG, WebP, TIFF, BMP or GIF")
    add_points(parser)
    add_options(parser, out=None)


def add_points(parser: argparse.ArgumentParser) -> None:
    """What moves and where, and what stays."""
    add = parser.add_argument
    add(
        "--handle",
        action="append",
        default=[],
        metavar="X,Y:X,Y",
        help="a point, and where it should go; may be given several times",
    )
    add(
        "--pin",
        action="append",
        default=[],
        metavar="X,Y",
        help="a point that should stay; may be given several times",
    )
    add("--mask", type=Path, metavar="FILE", help="what may move, in the picture's size")


def handles_from(args: argparse.Namespace) -> tuple[Handle, ...]:
    """Handles and pins, as typed. Raises BadInput."""
    return (*map(parse_handle, args.handle), *map(parse_pin, args.pin))


def run_command(args: argparse.Namespace) -> int:
    picture = open_picture(args.picture)
    mask = open_mask(args.mask, picture.size) if args.mask else None
    handles, options = handles_from(args), options_from(args)
    return run_job(Job(picture, args.picture.name, handles, mask, options, path=args.picture))
