"""Where two pictures differ, and one laid over another just there, to the bit; stdlib only.

Python's whole numbers of any length do the work on all bytes at once: no loop over pixels.
"""

from __future__ import annotations

from typing import Tuple

from .draggan_wire.crop import Crop
from .draggan_wire.messages import Image
from .draggan_wire.pixels import BYTES_PER_PIXEL, Bytes

ALIKE = 16  # levels of 255: more than storing a picture in few bits of linear light costs
_ANY = bytes([0]) + bytes([255]) * 255  # translates every byte but 0 to 255


def changed_between(a: Image, b: Image) -> Image:
    """gray8 of their size: 255 where any sample differs, else 0. ValueError for two forms."""
    if (a.format, a.width, a.height) != (b.format, b.width, b.height):
        raise ValueError("pictures of two forms")
    size = BYTES_PER_PIXEL[a.format]
    pixels = a.width * a.height
    differing = (_number(a.data) ^ _number(b.data)).to_bytes(pixels * size, "little")
    marks = 0
    for channel in range(size):
        marks |= _number(differing[channel::size].translate(_ANY))
    return Image("gray8", a.width, a.height, marks.to_bytes(pixels, "little"))


def look_alike(a: Image, b: Image) -> bool:
    """Whether nobody would tell two small rgba8 pictures apart; colours that nobody sees count for
    nothing."""
    if (a.width, a.height) != (b.width, b.height):
        return False
    pixels = (zip(*[iter(bytes(image.data))] * 4) for image in (a, b))
    return all(map(_alike, *pixels))


def _alike(a: Tuple[int, ...], b: Tuple[int, ...]) -> bool:
    seen = min(a[3], b[3]) > 127
    return abs(a[3] - b[3]) <= ALIKE and not (
        seen and any(abs(p - q) > ALIKE for p, q in zip(a, b))
    )


def laid_over(base: Image, base_crop: Crop, top: Image, top_crop: Crop, changed: Image) -> Image:
    """`base` with the pixels of `top` where `changed` (gray8, 0 or 255) says so.

    The crops say where each lies in the document. Raises ValueError for two formats.
    """
    if base.format != top.format:
        raise ValueError("pictures of two formats")
    size = BYTES_PER_PIXEL[base.format]
    left, right = _overlap(base_crop.left, base.width, top_crop.left, top.width)
    upper, lower = _overlap(base_crop.top, base.height, top_crop.top, top.height)
    rows = bytearray(base.data)
    under, over, marks = memoryview(rows), memoryview(top.data), memoryview(changed.data)
    for y in range(upper, lower) if right > left else ():
        at = (y - base_crop.top) * base.width + left - base_crop.left
        of = (y - top_crop.top) * top.width + left - top_crop.left
        n = right - left
        row = under[at * size : (at + n) * size]
        row[:] = _chosen(row, over[of * size : (of + n) * size], marks[of : of + n], size)
    return Image(base.format, base.width, base.height, bytes(rows))


def _chosen(below: memoryview, above: memoryview, marks: memoryview, size: int) -> bytes:
    wide = bytearray(len(below))
    for channel in range(size):
        wide[channel::size] = marks
    a, b, m = _number(below), _number(above), _number(wide)
    return (a ^ ((a ^ b) & m)).to_bytes(len(below), "little")


def _overlap(a: int, a_length: int, b: int, b_length: int) -> Tuple[int, int]:
    return max(a, b), min(a + a_length, b + b_length)


def _number(data: Bytes) -> int:
    return int.from_bytes(data, "little")
