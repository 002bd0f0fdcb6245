"""A picture as the screen wants it, a value; imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Screen:
    """`width` x `height` pixels of cairo's ARGB32 in `data`, rows from top to bottom.

    Four bytes each, native-endian, colours premultiplied with alpha; rows without padding.
    """

    width: int
    height: int
    data: bytes
