"""`draggan demo`: a picture that comes along, dragged like anybody's own; torch only for --seed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import resources

import numpy as np

from draggan.cli.handles import Handle, as_typed
from draggan.cli.job import Job, add_options, options_from
from draggan.cli.perform import run_job
from draggan.errors import BadInput
from draggan.pictures import Picture, open_picture, save_png

OUT = "draggan-demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, out=OUT)
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="draw another animal, one for each number (default: the picture that comes along)",
    )


def run_command(args: argparse.Namespace) -> int:
    options = options_from(args)
    picture, handles, title = _bundled() if args.seed is None else _drawn(args.seed)
    print(f"The demo: {title}.", file=sys.stderr)
    source = options.out / "source.png"
    code = run_job(Job(picture, "demo", handles, None, options, path=source))
    if code == 0:
        save_png(source, picture.array)
        print(
            f"Now with handles of your own:\n  draggan drag {source} {as_typed(handles)} --out out"
        )
    return code


def _bundled() -> tuple[Picture, tuple[Handle, ...], str]:
    assets = resources.files("draggan") / "assets"
    edit = json.loads((assets / "demo.json").read_text(encoding="utf-8"))
    with resources.as_file(assets / "demo.png") as path:
        picture = open_picture(path)
    return picture, _handles(edit["handles"]), edit["title"]


def _drawn(seed: int) -> tuple[Picture, tuple[Handle, ...], str]:
    if not 0 <= seed < 1 << 32:
        raise BadInput(f"The seed {seed} is out of range.", hint="Use a number from 0 to 2^32 - 1.")
    # The renderer needs torch, which the picture that comes along does without.
    from draggan.benchmark.demo_picture import TITLE, draw_demo_picture

    drawn = draw_demo_picture(seed=seed)
    return Picture(np.asarray(drawn.array)), _handles(drawn.handles), TITLE


def _handles(pairs: Sequence[Sequence[Sequence[float]]]) -> tuple[Handle, ...]:
    return tuple(Handle((s[0], s[1]), (t[0], t[1])) for s, t in pairs)
