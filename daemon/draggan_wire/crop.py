"""Which part of a document is worked on: plain arithmetic on its coordinates; stdlib only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from .messages import Point

Box = Tuple[float, float, float, float]  # left, top, right, bottom
MARGIN = (
    0.5  # of the longer side of what must be inside, on each side: a face needs its surroundings
)
LEAST = 256  # pixels: a smaller crop shows the model too little


@dataclass(frozen=True)
class Crop:
    """Pixels of the document: columns `left` to `left + width`, rows `top` to `top + height`."""

    left: int
    top: int
    width: int
    height: int

    def from_document(self, point: Point) -> Point:
        """A point of the document in the crop's own pixels."""
        return point[0] - self.left, point[1] - self.top

    def to_document(self, point: Point) -> Point:
        """A point of the crop in the document's pixels."""
        return point[0] + self.left, point[1] + self.top


def choose_crop(
    width: int,
    height: int,
    points: Sequence[Point],
    selection: Optional[Box] = None,
    *,
    margin: float = MARGIN,
    least: int = LEAST,
) -> Crop:
    """The square of a `width` x `height` document around all points (handles, targets) and the
    selection, with a margin; less high or wide than square only where the document is.

    Without points and selection it is the whole document. What lies outside the document is left
    out of the count, as nothing is there to work on.
    """
    corners: List[Point] = list(points)
    if selection:
        corners += [(selection[0], selection[1]), (selection[2], selection[3])]
    if not corners:
        return Crop(0, 0, width, height)
    left, right = _span([x for x, _ in corners], width)
    top, bottom = _span([y for _, y in corners], height)
    longer = max(right - left, bottom - top)
    side = max(math.ceil(longer * (1 + 2 * margin)), least)
    side_x, side_y = min(side, width), min(side, height)
    return Crop(
        _start((left + right) / 2, side_x, width),
        _start((top + bottom) / 2, side_y, height),
        side_x,
        side_y,
    )


def _span(values: Sequence[float], limit: int) -> Tuple[int, int]:
    """The whole pixels from the smallest to the largest value, inside [0, limit]."""
    inside = [min(max(value, 0.0), float(limit)) for value in values]
    return math.floor(min(inside)), math.ceil(max(inside))


def _start(centre: float, side: int, limit: int) -> int:
    """Where a stretch of `side` pixels begins that is centred as well as the limits allow."""
    return min(max(round(centre - side / 2), 0), limit - side)
