"""Draws with cairo, bound by ctypes: GIMP brings the library but not pycairo; no gi here.

Lengths and points are in the context's units, colours are "#rrggbb" with an alpha of 0 to 1. What
cairo complains of raises WireError in `check`.
"""

from __future__ import annotations

import ctypes
import weakref
from contextlib import contextmanager
from functools import lru_cache
from math import pi
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

from ..draggan_wire.errors import WireError
from . import libraries

NAMES = ("libcairo.so.2", "libcairo-2.dll", "libcairo.2.dylib")
MAX_SIDE = 32767  # pixels of an image surface

ARGB32, RGB24, A8 = 0, 1, 2  # formats; ARGB32 is native-endian and premultiplied
NEAREST, BILINEAR = 3, 4  # filters
CLEAR, SOURCE, OVER, DEST_OUT = 0, 1, 2, 9  # operators

_NONE, _REPEAT, _PAD = 0, 1, 3  # what a pattern has beside its surface
_ROUND = 1  # line caps and joins
_BOLD = 1
_EVEN_ODD = 1
_BYTES = {ARGB32: 4, RGB24: 4, A8: 1}

Rectangle = Tuple[float, float, float, float]  # left, top, width, height
_P, _D, _I, _S = ctypes.c_void_p, ctypes.c_double, ctypes.c_int, ctypes.c_char_p
_DOUBLES = ctypes.POINTER(ctypes.c_double)


class _TextExtents(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_double)
        for name in ("x_bearing", "y_bearing", "width", "height", "x_advance", "y_advance")
    ]


_PLAIN: Dict[str, Tuple[Any, ...]] = {  # what takes a context and gives nothing
    "save": (),
    "restore": (),
    "new_path": (),
    "new_sub_path": (),
    "close_path": (),
    "move_to": (_D, _D),
    "line_to": (_D, _D),
    "arc": (_D, _D, _D, _D, _D),
    "rectangle": (_D, _D, _D, _D),
    "stroke": (),
    "stroke_preserve": (),
    "fill": (),
    "clip": (),
    "clip_extents": (_DOUBLES, _DOUBLES, _DOUBLES, _DOUBLES),
    "paint": (),
    "mask": (_P,),
    "translate": (_D, _D),
    "scale": (_D, _D),
    "set_source": (_P,),
    "set_source_rgba": (_D, _D, _D, _D),
    "set_line_width": (_D,),
    "set_line_cap": (_I,),
    "set_line_join": (_I,),
    "set_dash": (_DOUBLES, _I, _D),
    "set_operator": (_I,),
    "set_fill_rule": (_I,),
    "select_font_face": (_S, _I, _I),
    "set_font_size": (_D,),
    "text_extents": (_S, ctypes.POINTER(_TextExtents)),
    "text_path": (_S,),
    "destroy": (),
}
_OTHERS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "create": (_P, (_P,)),
    "status": (_I, (_P,)),
    "status_to_string": (_S, (_I,)),
    "image_surface_create": (_P, (_I, _I, _I)),
    "image_surface_get_data": (_P, (_P,)),
    "image_surface_get_stride": (_I, (_P,)),
    "surface_status": (_I, (_P,)),
    "surface_flush": (None, (_P,)),
    "surface_mark_dirty": (None, (_P,)),
    "surface_set_device_scale": (None, (_P, _D, _D)),
    "surface_destroy": (None, (_P,)),
    "pattern_create_for_surface": (_P, (_P,)),
    "pattern_set_filter": (None, (_P, _I)),
    "pattern_set_extend": (None, (_P, _I)),
    "pattern_destroy": (None, (_P,)),
}


@lru_cache(maxsize=1)
def load() -> ctypes.CDLL:
    """The library with all functions declared; raises WireError where there is none."""
    library = libraries.load(NAMES, "cairo")
    declared = {name: (None, (_P, *rest)) for name, rest in _PLAIN.items()}
    for name, (result, arguments) in {**declared, **_OTHERS}.items():
        function = getattr(library, f"cairo_{name}")
        function.restype, function.argtypes = result, arguments
    return library


class Surface:
    """Pixels in memory that cairo owns, drawn on through `context`; at most MAX_SIDE a side."""

    def __init__(self, width: int, height: int, format: int = ARGB32) -> None:
        self.width, self.height, self.format = width, height, format
        cairo = load()
        self.pointer = cairo.cairo_image_surface_create(format, width, height)
        self._end = weakref.finalize(self, cairo.cairo_surface_destroy, self.pointer)
        _check(cairo, cairo.cairo_surface_status(self.pointer))

    @classmethod
    def from_bytes(cls, data: bytes, width: int, height: int, format: int = ARGB32) -> Surface:
        """A copy of rows without padding, from top to bottom. Raises WireError for another size."""
        row = width * _BYTES[format]
        if len(data) != row * height:
            raise WireError(
                f"A picture of {width} x {height} pixels came with {len(data)} bytes.",
                hint="Close the dialog and open it again.",
            )
        surface = cls(width, height, format)
        at, stride = surface._pixels()
        if stride == row:
            ctypes.memmove(at, data, len(data))
        else:
            for y in range(height):
                ctypes.memmove(at + y * stride, data[y * row : (y + 1) * row], row)
        load().cairo_surface_mark_dirty(surface.pointer)
        return surface

    def to_bytes(self) -> bytes:
        """The rows without padding, from top to bottom."""
        row = self.width * _BYTES[self.format]
        at, stride = self._pixels()
        if stride == row:
            return ctypes.string_at(at, row * self.height)
        return b"".join(ctypes.string_at(at + y * stride, row) for y in range(self.height))

    def scale_device(self, scale: float) -> None:
        """Makes one unit of its contexts so many pixels, on a screen with small ones."""
        load().cairo_surface_set_device_scale(self.pointer, scale, scale)

    def context(self) -> Context:
        cairo = load()
        context = Context(cairo.cairo_create(self.pointer))
        weakref.finalize(context, cairo.cairo_destroy, context.pointer)
        context.check()
        return context

    def _pixels(self) -> Tuple[int, int]:
        """Address and bytes from row to row."""
        cairo = load()
        cairo.cairo_surface_flush(self.pointer)
        at = cairo.cairo_image_surface_get_data(self.pointer)
        return at, cairo.cairo_image_surface_get_stride(self.pointer)


class Context:
    """What is drawn with, on a surface of ours or on a widget: a borrowed cairo_t pointer."""

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer
        self._cairo = load()

    def check(self) -> None:
        """Raises WireError when anything since the beginning has failed."""
        _check(self._cairo, self._cairo.cairo_status(self.pointer))

    @contextmanager
    def saved(self) -> Iterator[None]:
        """What is set inside holds inside only."""
        self._cairo.cairo_save(self.pointer)
        try:
            yield
        finally:
            self._cairo.cairo_restore(self.pointer)

    # Paths.

    def move_to(self, x: float, y: float) -> None:
        self._cairo.cairo_move_to(self.pointer, x, y)

    def line_to(self, x: float, y: float) -> None:
        self._cairo.cairo_line_to(self.pointer, x, y)

    def polyline(self, points: Sequence[Tuple[float, float]], *, closed: bool = False) -> None:
        if not points:
            return
        self.move_to(*points[0])
        for x, y in points[1:]:
            self.line_to(x, y)
        if closed:
            self._cairo.cairo_close_path(self.pointer)

    def arc(self, x: float, y: float, radius: float, start: float, end: float) -> None:
        """Clockwise on the screen; angles in radians, joined to what was drawn before."""
        self._cairo.cairo_arc(self.pointer, x, y, radius, start, end)

    def circle(self, x: float, y: float, radius: float) -> None:
        self._cairo.cairo_new_sub_path(self.pointer)
        self._cairo.cairo_arc(self.pointer, x, y, radius, 0.0, 2 * pi)
        self._cairo.cairo_close_path(self.pointer)

    def rectangle(self, box: Rectangle) -> None:
        self._cairo.cairo_rectangle(self.pointer, *box)

    def centred_text(self, text: str, x: float, y: float, size: float) -> None:
        """The outlines of a small bold text whose middle is at that point."""
        cairo, extents = self._cairo, _TextExtents()
        cairo.cairo_select_font_face(self.pointer, b"sans-serif", 0, _BOLD)
        cairo.cairo_set_font_size(self.pointer, size)
        cairo.cairo_text_extents(self.pointer, text.encode(), ctypes.byref(extents))
        left = x - extents.x_bearing - extents.width / 2
        self.move_to(left, y - extents.y_bearing - extents.height / 2)
        cairo.cairo_text_path(self.pointer, text.encode())

    # Ink.

    def set_colour(self, colour: str, alpha: float = 1.0) -> None:
        self._cairo.cairo_set_source_rgba(self.pointer, *_rgb(colour), alpha)

    def set_pen(self, width: float) -> None:
        self._cairo.cairo_set_line_width(self.pointer, width)
        self._cairo.cairo_set_line_cap(self.pointer, _ROUND)
        self._cairo.cairo_set_line_join(self.pointer, _ROUND)

    def set_dashes(self, *lengths: float) -> None:
        dashes = (ctypes.c_double * len(lengths))(*lengths)
        self._cairo.cairo_set_dash(self.pointer, dashes, len(lengths), 0.0)

    def set_operator(self, operator: int) -> None:
        self._cairo.cairo_set_operator(self.pointer, operator)

    def stroke(self, *, keep: bool = False) -> None:
        """`keep`: the path stays for what comes next."""
        (self._cairo.cairo_stroke_preserve if keep else self._cairo.cairo_stroke)(self.pointer)

    def fill(self) -> None:
        self._cairo.cairo_fill(self.pointer)

    def fill_between(self, outer: Rectangle, inner: Rectangle) -> None:
        """Fills what is inside of one rectangle and outside of the other."""
        with self.saved():
            self._cairo.cairo_set_fill_rule(self.pointer, _EVEN_ODD)
            self.rectangle(outer)
            self.rectangle(inner)
            self.fill()

    def paint(self) -> None:
        self._cairo.cairo_paint(self.pointer)

    # Where, and over what.

    def translate(self, x: float, y: float) -> None:
        self._cairo.cairo_translate(self.pointer, x, y)

    def scale(self, x: float, y: float) -> None:
        self._cairo.cairo_scale(self.pointer, x, y)

    def clip(self, box: Rectangle) -> None:
        self._cairo.cairo_new_path(self.pointer)
        self.rectangle(box)
        self._cairo.cairo_clip(self.pointer)

    def clip_box(self) -> Rectangle:
        """What drawing reaches at all."""
        edges = [ctypes.c_double() for _ in range(4)]
        self._cairo.cairo_clip_extents(self.pointer, *map(ctypes.byref, edges))
        left, top, right, bottom = (edge.value for edge in edges)
        return left, top, right - left, bottom - top

    # Surfaces.

    def paint_surface(
        self, surface: Surface, box: Optional[Rectangle] = None, filter: int = BILINEAR
    ) -> None:
        """Stretches a surface over a rectangle; without one, lays it at (0, 0) in its own size."""
        with self.saved(), self._stretched(surface, box, filter) as pattern:
            self._cairo.cairo_set_source(self.pointer, pattern)
            self._cairo.cairo_paint(self.pointer)

    def mask_surface(
        self, surface: Surface, box: Optional[Rectangle] = None, filter: int = BILINEAR
    ) -> None:
        """Lays the present colour through a surface's alpha, stretched over a rectangle."""
        with self.saved(), self._stretched(surface, box, filter) as pattern:
            self._cairo.cairo_mask(self.pointer, pattern)

    def tile_surface(self, surface: Surface) -> None:
        """Repeats a surface over all that is not clipped."""
        with self.saved(), _pattern(self._cairo, surface, NEAREST, _REPEAT) as pattern:
            self._cairo.cairo_set_source(self.pointer, pattern)
            self._cairo.cairo_paint(self.pointer)

    @contextmanager
    def _stretched(self, surface: Surface, box: Optional[Rectangle], filter: int) -> Iterator[int]:
        if box is not None:
            self.clip(box)
            self.translate(box[0], box[1])
            self.scale(box[2] / surface.width, box[3] / surface.height)
        # Padding keeps edges hard; where nothing is stretched it would only be slow.
        with _pattern(self._cairo, surface, filter, _NONE if box is None else _PAD) as pattern:
            yield pattern


@contextmanager
def _pattern(cairo: ctypes.CDLL, surface: Surface, filter: int, extend: int) -> Iterator[int]:
    pattern = cairo.cairo_pattern_create_for_surface(surface.pointer)
    cairo.cairo_pattern_set_filter(pattern, filter)
    cairo.cairo_pattern_set_extend(pattern, extend)
    try:
        yield pattern
    finally:
        cairo.cairo_pattern_destroy(pattern)


@lru_cache(maxsize=64)
def _rgb(colour: str) -> Tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _check(cairo: ctypes.CDLL, status: int) -> None:
    if status:
        why = cairo.cairo_status_to_string(status).decode(errors="replace")
        raise WireError(
            f"The picture cannot be drawn (cairo: {why}).",
            hint="Close the dialog and open it again; if it happens again, report it.",
        )
