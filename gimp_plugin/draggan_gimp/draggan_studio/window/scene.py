"""All that the picture area shows, and how it is painted; needs cairo.py, no Gtk.

It is composed in memory: only there is scaling quick on every system. What lies under the marks is
kept from one time to the next, as the pointer changes only what lies over it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, Optional, Tuple

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Point
from ..draggan_wire.workbench.drawing import Drawing
from ..draggan_wire.workbench.strokes import Strokes
from ..screen import Screen
from .brush import Tint, paint_brush
from .cairo import A8, RGB24, Context, Surface
from .marks import paint_drawing
from .picture import Picture
from .view import View

GROUND, LIGHT, DARK = "#373737", "#999999", "#666666"
CHECK = 8  # logical pixels
DIM_COLOUR, DIM_ALPHA = "#101010", 0.45
FOCUS_WIDTH = 2.0

_INVERTED = bytes(255 - value for value in range(256))


class Scene:
    """What is to be seen. `drawing`, `brush`, `veiled` and `focus` are free to be set."""

    def __init__(self, strokes: Strokes) -> None:
        self.drawing = Drawing()
        self.brush: Optional[Tuple[Point, float]] = None  # pointer and radius, logical pixels
        self.veiled = False  # what is painted has a veil, not an edge alone
        self.focus = ""  # the ring's colour, or "" without the focus
        self._strokes = strokes
        self._base: Optional[Picture] = None
        self._step: Optional[Picture] = None
        self._held: Optional[Picture] = None  # what may not move, as alpha
        self._box = Crop(0, 0, 1, 1)
        self._revision = self._base_revision = 0
        self._painted = 0  # the strokes' revision, when they were last painted
        self._tint = Tint()
        self._ground, self._under, self._frame = _Layer(), _Layer(), _Layer()

    def show_base(self, screen: Optional[Screen], box: Crop) -> None:
        self._base, self._box = _picture(screen, box), box
        self._revision += 1
        self._base_revision += 1

    def show_step(self, screen: Optional[Screen], crop: Crop) -> None:
        self._step = _picture(screen, crop)
        self._revision += 1

    def show_selection(self, mask: Optional[bytes], crop: Crop) -> None:
        self._held = None
        if mask is not None:
            held = bytes(mask).translate(_INVERTED)
            self._held = Picture(Surface.from_bytes(held, crop.width, crop.height, A8), crop)
        self._revision += 1

    @property
    def stale(self) -> bool:
        """Whether the strokes have changed since they were painted."""
        return self._strokes.revision != self._painted

    def paint(self, context: Context, view: View, width: int, height: int, scale: float) -> None:
        """Over an area in logical pixels, each `scale` pixels of the screen wide."""
        size = width, height, scale
        self._painted = self._strokes.revision
        ground = self._ground.drawn(
            (view, self._base_revision), size, lambda to: self._paint_base(to, view, size)
        )
        under = self._under.drawn(
            (view, self._revision, self._strokes.revision, self.veiled),
            size,
            lambda to: self._paint_under(to, ground, view, size),
        )
        frame = self._frame.surface(size)
        to = frame.context()
        to.clip(context.clip_box())
        to.paint_surface(under)
        paint_drawing(to, view, self.drawing)
        if self.brush is not None:
            (x, y), radius = self.brush
            paint_brush(to, x, y, radius)
        self._paint_focus(to, width, height)
        to.check()
        context.paint_surface(frame)

    def _paint_base(self, context: Context, view: View, size: _Size) -> None:
        context.set_colour(GROUND)
        context.paint()
        if self._base is None:
            return
        with context.saved():
            context.clip(view.place(self._box))
            context.tile_surface(_checkerboard())
        self._base.paint(context, view, size[2])

    def _paint_under(self, context: Context, ground: Surface, view: View, size: _Size) -> None:
        width, height, scale = size
        context.paint_surface(ground)
        if self._step is not None:
            self._step.paint(context, view, scale)
        if self._held is not None and self._step is None:  # a step is to be judged as it is
            context.set_colour(DIM_COLOUR, DIM_ALPHA)
            self._held.mask(context, view, scale)
            with context.saved():  # what lies outside of the mask may not move either
                context.clip(view.place(self._box))
                context.fill_between((0, 0, width, height), view.place(self._held.crop))
        self._tint.paint(context, view, self._strokes, size, veiled=self.veiled)

    def _paint_focus(self, context: Context, width: int, height: int) -> None:
        if not self.focus:
            return
        half = FOCUS_WIDTH / 2
        context.rectangle((half, half, width - FOCUS_WIDTH, height - FOCUS_WIDTH))
        context.set_pen(FOCUS_WIDTH)
        context.set_colour(self.focus)
        context.stroke()


_Size = Tuple[int, int, float]  # logical pixels, and pixels of the screen for each of them


class _Layer:
    """An opaque surface as large as the area, drawn anew only when what it shows has changed."""

    def __init__(self) -> None:
        self._surface: Optional[Surface] = None
        self._size: Optional[_Size] = None
        self._key: object = None

    def surface(self, size: _Size) -> Surface:
        if self._surface is None or size != self._size:
            width, height, scale = size
            self._surface = Surface(round(width * scale), round(height * scale), RGB24)
            self._surface.scale_device(scale)
            self._size, self._key = size, None
        return self._surface

    def drawn(self, key: object, size: _Size, paint: Callable[[Context], None]) -> Surface:
        surface = self.surface(size)
        if key != self._key:
            context = surface.context()
            paint(context)
            context.check()
            self._key = key
        return surface


def _picture(screen: Optional[Screen], crop: Crop) -> Optional[Picture]:
    if screen is None:
        return None
    return Picture(Surface.from_bytes(screen.data, screen.width, screen.height), crop)


@lru_cache(maxsize=1)
def _checkerboard() -> Surface:
    surface = Surface(2 * CHECK, 2 * CHECK, RGB24)
    context = surface.context()
    context.set_colour(LIGHT)
    context.paint()
    context.set_colour(DARK)
    context.rectangle((0, 0, CHECK, CHECK))
    context.rectangle((CHECK, CHECK, CHECK, CHECK))
    context.fill()
    return surface
