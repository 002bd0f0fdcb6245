"""`draggan models export`: a model as a file that other programs read; torch once it is at work."""

from __future__ import annotations

import argparse
from pathlib import Path

_EPILOG = """\
nvidia:      state dictionaries "G_ema" and "D" with the names of stylegan2-ada-pytorch
rosinality:  "g_ema", "latent_avg" and "d" with the names of stylegan2-pytorch

example:  draggan models export critters --layout rosinality --out critters.pt
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("model", metavar="MODEL", help="its name, or a .safetensors file")
    add("--layout", default="nvidia", metavar="NAME", help="nvidia (default) or rosinality")
    add("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    add("--force", action="store_true", help="replace the file if there is one")


def run_command(args: argparse.Namespace) -> int:
    """Writes the file and says how other programs load it."""
    from draggan.checkpoint.exporting import export_model

    remarks = export_model(args.model, args.out, layout=args.layout, replace=args.force)
    print(args.out)
    for remark in remarks:
        print(f"    {remark}")
    return 0
