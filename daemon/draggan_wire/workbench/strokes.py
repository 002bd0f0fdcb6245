"""What a user has painted as "may move", as strokes of a round brush; the standard library only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import Iterable, Tuple

from ..messages import Point

MAX_STROKES = 400
MAX_POINTS = 2000  # of one stroke
SPACING = 0.05  # of the radius: points nearer to the one before add nothing


@dataclass(frozen=True)
class Stroke:
    """A brush's way, in document points; `radius` in document pixels. `erase` takes away."""

    points: Tuple[Point, ...]
    radius: float
    erase: bool = False


class Strokes:
    """The strokes on one document, in the order in which they were painted.

    At most MAX_STROKES of MAX_POINTS each: what would be more is left away.
    """

    def __init__(self) -> None:
        self._strokes: Tuple[Stroke, ...] = ()
        self._open = False
        self._revision = 0

    @property
    def strokes(self) -> Tuple[Stroke, ...]:
        return self._strokes

    @property
    def revision(self) -> int:
        """Another number after every change."""
        return self._revision

    @property
    def empty(self) -> bool:
        return not self._strokes

    def begin(self, point: Point, radius: float, erase: bool = False) -> None:
        """A dot that `extend` makes longer; erasing where nothing is painted does nothing."""
        room = len(self._strokes) < MAX_STROKES and not (erase and self.empty)
        if room:
            self._become((*self._strokes, Stroke((point,), radius, erase)))
        self._open = room

    def extend(self, point: Point) -> None:
        """Paints on to that point; does nothing unless a stroke has begun."""
        if not self._open:
            return
        stroke = self._strokes[-1]
        if _distance(stroke.points[-1], point) < stroke.radius * SPACING:
            return
        self._become((*self._strokes[:-1], replace(stroke, points=(*stroke.points, point))))
        self._open = len(stroke.points) + 1 < MAX_POINTS

    def clear(self) -> None:
        self.replace(())

    def replace(self, strokes: Iterable[Stroke]) -> None:
        """Other strokes in place of all. Raises ValueError for more than there may be."""
        new = tuple(strokes)
        if len(new) > MAX_STROKES or any(len(stroke.points) > MAX_POINTS for stroke in new):
            raise ValueError(f"more than {MAX_STROKES} strokes of {MAX_POINTS} points")
        self._open = False
        self._become(new)

    def _become(self, strokes: Tuple[Stroke, ...]) -> None:
        if strokes != self._strokes:
            self._strokes = strokes
            self._revision += 1


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])
