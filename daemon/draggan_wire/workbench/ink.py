"""In which order and with which pens shapes are laid down, as values; imports shapes and colours.

Every shape of a mark is inked thrice, widest first: a white halo, a dark outline, the colour; so
one of them stands out on any picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

from .colours import HALO_COLOUR, OUTLINE_COLOUR
from .drawing import HALO, LINE, OUTLINE
from .shapes import Polyline, Shape

ROUND = "round"  # ends and corners are round
COVERED = "covered"  # the same, but the ends lie under other marks: they may be flat
DASHED = "dashed"


@dataclass(frozen=True)
class Coat:
    """One filling of a shape, or one stroke along its edge."""

    shape: int  # which of the ink's
    colour: str  # "#rrggbb"
    width: Optional[float] = None  # of the pen, in logical pixels; None: filled
    pen: str = ROUND
    opacity: float = 1.0


@dataclass(frozen=True)
class Ink:
    """`coats` in the order in which they are painted, and the shapes that they are of.

    Each shape has several coats; a toolkit has to translate it only once.
    """

    shapes: Tuple[Shape, ...] = ()
    coats: Tuple[Coat, ...] = ()


class Inkwell:
    """Collects marks, so that all halos lie under all outlines and those under all colours."""

    def __init__(self) -> None:
        self._shapes: List[Shape] = []
        self._coats: List[Coat] = []
        self._lines: List[Tuple[int, str, float, str]] = []
        self._areas: List[Tuple[int, str]] = []
        self._signs: List[int] = []

    @property
    def ink(self) -> Ink:
        """All that has been settled."""
        return Ink(tuple(self._shapes), tuple(self._coats))

    def line(self, colour: str, shape: Shape, width: float = LINE) -> None:
        straight = isinstance(shape, Polyline) and len(shape.points) == 2
        self._lines.append((self._added(shape), colour, width, COVERED if straight else ROUND))

    def area(self, colour: str, shape: Shape) -> None:
        self._areas.append((self._added(shape), colour))

    def sign(self, shape: Shape) -> None:
        """A dark line upon an area."""
        self._signs.append(self._added(shape))

    def frame(self, shape: Shape) -> None:
        """Thin dashes, dark upon light, over what is settled."""
        number = self._added(shape)
        self._coats.append(Coat(number, HALO_COLOUR, 1.0, opacity=2 / 3))
        self._coats.append(Coat(number, OUTLINE_COLOUR, 1.0, DASHED))

    def settle(self) -> None:
        """What comes from now on lies over all that came before."""
        add = self._coats.append
        for under, wider in ((HALO_COLOUR, HALO), (OUTLINE_COLOUR, OUTLINE)):
            for shape, _, width, pen in self._lines:
                add(Coat(shape, under, width + wider, pen))
            for shape, _ in self._areas:
                add(Coat(shape, under, wider))
        for shape, colour, width, pen in self._lines:
            add(Coat(shape, colour, width, pen))
        for shape, colour in self._areas:
            add(Coat(shape, colour))
        for shape in self._signs:
            add(Coat(shape, OUTLINE_COLOUR, LINE))
        self._lines, self._areas, self._signs = [], [], []

    def _added(self, shape: Shape) -> int:
        self._shapes.append(shape)
        return len(self._shapes) - 1
