"""DragGAN inside Krita: drag points of the picture and see it follow.

Krita imports this package when it starts; where it cannot work it says so in a sentence, because a
traceback in Krita's plugin list helps nobody.
"""

import sys


def _start() -> None:
    if sys.version_info < (3, 8):
        raise ImportError("DragGAN needs a Krita with Python 3.8 or newer: Krita 5.2, or later.")
    from pathlib import Path

    folder = Path(__file__).parent
    if not (folder / "draggan_wire").is_dir():
        raise ImportError(
            "This is DragGAN's source, not the plugin: run `draggan install krita`, or import "
            "the zip that `draggan package krita` makes."
        )
    from .host.registration import register

    register((folder / "VERSION").read_text(encoding="utf-8").strip())


_start()
