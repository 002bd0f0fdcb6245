"""A picture that is shown at any size without delay: with halved copies; needs cairo.py, no Gtk."""

from __future__ import annotations

from math import ceil, log2
from typing import List, Tuple

from ..draggan_wire.crop import Crop
from .cairo import BILINEAR, NEAREST, SOURCE, Context, Surface
from .view import View

SHARP_FROM = 2.0  # magnified more than this, pixels are shown as squares, as the editor does


class Picture:
    """A surface that covers the part `crop` of the document, of whatever size itself.

    The halved copies are made when they are first needed: each costs a quarter of the one before.
    """

    def __init__(self, surface: Surface, crop: Crop) -> None:
        self.crop = crop
        self._levels: List[Surface] = [surface]

    def paint(self, context: Context, view: View, scale: float) -> None:
        """`scale`: pixels of the screen for each logical one."""
        surface, filter = self._best(view.zoom * scale)
        context.paint_surface(surface, view.place(self.crop), filter)

    def mask(self, context: Context, view: View, scale: float) -> None:
        """Lays the context's colour through the picture's alpha."""
        surface, filter = self._best(view.zoom * scale)
        context.mask_surface(surface, view.place(self.crop), filter)

    def _best(self, zoom: float) -> Tuple[Surface, int]:
        """The copy that is scaled by no less than a half, and how to scale it."""
        magnified = zoom * self.crop.width / self._levels[0].width
        level = min(max(int(-log2(magnified) + 1e-6), 0), 15)
        while len(self._levels) <= level:
            self._levels.append(_halved(self._levels[-1]))
        left = magnified * 2**level
        return self._levels[level], NEAREST if left > SHARP_FROM or abs(
            left - 1
        ) < 1e-6 else BILINEAR


def _halved(surface: Surface) -> Surface:
    width, height = ceil(surface.width / 2), ceil(surface.height / 2)
    half = Surface(width, height, surface.format)
    context = half.context()
    context.set_operator(SOURCE)
    context.paint_surface(surface, (0, 0, width, height))
    return half
