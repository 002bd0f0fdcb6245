"""`draggan reopen`: goes on with an edit that was saved, or writes its picture anew; no torch."""

from __future__ import annotations

import argparse
from pathlib import Path

from draggan.cli.drag import add_points, handles_from
from draggan.cli.edit_file import read_edit
from draggan.cli.job import Job, add_drag_options, options_from
from draggan.cli.perform import run_job
from draggan.pictures import open_mask, open_picture

_EPILOG = """\
The picture is the one that was dragged then, not the result. Model, quality, area, turn and how it
is pasted are those of the edit. Without handles the last step's picture is written once more.

example:  draggan reopen edit.draggan photo.png --handle 160,84:170,84 --out out/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("edit", type=Path, metavar="FILE", help="what `draggan drag --save FILE` has written")
    add("picture", type=Path, metavar="PICTURE", help="the picture that was dragged")
    add_points(parser)
    add_drag_options(parser, out=None)
    parser.set_defaults(paste=None, detail=None, seam=None)


def run_command(args: argparse.Namespace) -> int:
    note = read_edit(args.edit)
    picture = open_picture(args.picture)
    mask = open_mask(args.mask, picture.size) if args.mask else None
    crop = note.source.crop
    args.model, args.quality = note.terms.model, note.terms.quality
    args.crop = f"{crop.left},{crop.top},{crop.width},{crop.height}"
    args.turn = note.terms.angle
    args.paste = args.paste or note.paste.what
    args.detail = note.paste.detail if args.detail is None else args.detail
    args.seam = note.paste.seam if args.seam is None else args.seam
    options = options_from(args)
    handles, name = handles_from(args), args.picture.name
    return run_job(Job(picture, name, handles, mask, options, note, args.picture))
