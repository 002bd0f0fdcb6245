"""Paints brush strokes, as a mask of the document and as a tint over it; needs cairo.py only."""

from __future__ import annotations

from typing import Callable, Optional, Sequence, Tuple

from ..draggan_wire.crop import Crop
from ..draggan_wire.pixels import Image
from ..draggan_wire.workbench.colours import HALO_COLOUR, OUTLINE_COLOUR
from ..draggan_wire.workbench.strokes import Stroke, Strokes
from .cairo import A8, CLEAR, DEST_OUT, OVER, Context, Surface
from .view import View

TINT_COLOUR, TINT_ALPHA = "#ff2bd0", 0.34
EDGE = 1.5  # logical pixels
ROUGH_SIDE = 256  # pixels: enough to see whether anything is left
FAINT = 8  # of 255: less than this is nothing


def rasterise(strokes: Strokes, crop: Crop) -> Optional[Image]:
    """The strokes as gray8 of the crop's size, 255 where it is painted; None without strokes."""
    if strokes.empty:
        return None
    surface = _drawn(strokes.strokes, crop, 1.0, crop.width, crop.height)
    return Image("gray8", crop.width, crop.height, surface.to_bytes())


def nothing_left(strokes: Strokes, crop: Crop) -> bool:
    """Whether all of that part of the document that was painted has been erased again."""
    scale = min(ROUGH_SIDE / max(crop.width, crop.height), 1.0)
    width, height = max(round(crop.width * scale), 1), max(round(crop.height * scale), 1)
    pixels = _drawn(strokes.strokes, crop, scale, width, height).to_bytes()
    return max(pixels) < FAINT


class Tint:
    """What is painted, as a veil with a light edge, readable on any picture.

    A stroke under way is drawn over a copy of those before it, which are drawn but once.
    """

    def __init__(self) -> None:
        self._before = _Kept()
        self._whole = _Kept()

    def paint(
        self,
        context: Context,
        view: View,
        strokes: Strokes,
        size: Tuple[int, int, float],
        *,
        veiled: bool = True,
    ) -> None:
        """Over an area of width x height logical pixels, each `scale` of the screen's wide.

        Without the veil it is the edge alone, through which a picture can be judged.
        """
        width, height, scale = size
        if strokes.empty:
            return
        place, done, last = (view, width, height, scale), strokes.strokes[:-1], strokes.strokes[-1:]
        blank = _Masks(width, height, scale)
        before = self._before.get((*place, done), lambda: blank.with_strokes(view, done))
        whole = self._whole.get(
            (*place, strokes.strokes), lambda: before.with_strokes(view, last).without_inside()
        )
        context.set_colour(HALO_COLOUR)
        context.mask_surface(whole.edge)
        if veiled:
            context.set_colour(TINT_COLOUR, TINT_ALPHA)
            context.mask_surface(whole.inside)


class _Masks:
    """What is painted in a view, and the same with its edge."""

    def __init__(self, width: int, height: int, scale: float) -> None:
        self._size = width, height, scale
        self.inside, self.edge = _blank(*self._size), _blank(*self._size)

    def with_strokes(self, view: View, strokes: Sequence[Stroke]) -> _Masks:
        new = _Masks(*self._size)
        far = EDGE / view.zoom
        for source, target, wider in ((self.inside, new.inside, 0.0), (self.edge, new.edge, far)):
            context = target.context()
            context.paint_surface(source)
            _into_view(context, view)
            _draw(context, strokes, wider)
        return new

    def without_inside(self) -> _Masks:
        context = self.edge.context()
        context.set_operator(DEST_OUT)
        context.paint_surface(self.inside)
        return self


class _Kept:
    """The masks for one key."""

    def __init__(self) -> None:
        self._key: object = None
        self._masks: Optional[_Masks] = None

    def get(self, key: object, make: Callable[[], _Masks]) -> _Masks:
        if self._masks is None or key != self._key:
            self._key, self._masks = key, make()
        return self._masks


def paint_brush(context: Context, x: float, y: float, radius: float) -> None:
    """The brush's outline at the pointer, in logical pixels."""
    for colour, wider in ((OUTLINE_COLOUR, 1.0), (HALO_COLOUR, 0.0)):
        context.circle(x, y, radius + wider)
        context.set_pen(1.0)
        context.set_colour(colour, 0.9)
        context.stroke()


def _drawn(strokes: Sequence[Stroke], crop: Crop, scale: float, width: int, height: int) -> Surface:
    surface = Surface(width, height, A8)
    context = surface.context()
    _into_view(context, View(scale, -crop.left * scale, -crop.top * scale))
    _draw(context, strokes)
    return surface


def _blank(width: int, height: int, scale: float) -> Surface:
    surface = Surface(round(width * scale), round(height * scale), A8)
    surface.scale_device(scale)
    return surface


def _into_view(context: Context, view: View) -> None:
    context.translate(view.left, view.top)
    context.scale(view.zoom, view.zoom)


def _draw(context: Context, strokes: Sequence[Stroke], wider: float = 0.0) -> None:
    """`wider`: how far the paint reaches beyond its strokes, in document pixels."""
    context.set_colour("#ffffff")
    for stroke in strokes:
        radius = stroke.radius + (-wider if stroke.erase else wider)
        if radius > 0:
            context.set_operator(CLEAR if stroke.erase else OVER)
            context.set_pen(2 * radius)
            context.polyline((stroke.points[0], *stroke.points))  # a dot is a line to itself
            context.stroke()
    context.check()
