"""What lies on a source, at the size in which the screen shows it; standard library only."""

from __future__ import annotations

from array import array
from operator import itemgetter
from typing import Any, Callable, List, Sequence, Tuple

from .changes import laid_over
from .draggan_wire.crop import Crop
from .draggan_wire.messages import Image
from .screen import Screen


def laid_on_screen(base: Screen, frame: Crop, top: Screen, crop: Crop, changed: Image) -> Screen:
    """`base` with the nearest pixels of `top` where `changed` (gray8, 0 or 255) says so.

    `base` shows the part `frame` of a document at any size; `top` and `changed` are as large as
    `crop`, the part of the document where they belong.
    """
    left, columns = _nearest(frame.left, frame.width, base.width, crop.left, crop.width)
    upper, rows = _nearest(frame.top, frame.height, base.height, crop.top, crop.height)
    if not (columns and rows):
        return base
    pick, place = _picker(columns), Crop(left, upper, len(columns), len(rows))
    pixels, marks = memoryview(top.data).cast("I"), memoryview(changed.data)
    over, where = bytearray(), bytearray()
    for y in rows:
        over += array("I", pick(pixels[y * top.width : (y + 1) * top.width])).tobytes()
        where += bytes(pick(marks[y * top.width : (y + 1) * top.width]))
    under = Image("bgra8", base.width, base.height, base.data)
    above = Image("bgra8", place.width, place.height, bytes(over))
    mask = Image("gray8", place.width, place.height, bytes(where))
    laid = laid_over(under, Crop(0, 0, base.width, base.height), above, place, mask)
    return Screen(base.width, base.height, bytes(laid.data))


def _nearest(
    start: int, length: int, pixels: int, top_start: int, top_length: int
) -> Tuple[int, List[int]]:
    """The first of the screen's pixels that lies on the top, and what lies below each from there.

    The screen shows `length` pixels of the document from `start` on.
    """
    found = [int(start + (k + 0.5) * length / pixels) - top_start for k in range(pixels)]
    inside = [k for k, at in enumerate(found) if 0 <= at < top_length]
    return (inside[0], [found[k] for k in inside]) if inside else (0, [])


def _picker(columns: Sequence[int]) -> Callable[[Any], Sequence[int]]:
    if len(columns) > 1:
        return itemgetter(*columns)
    return lambda row: (row[columns[0]],)
