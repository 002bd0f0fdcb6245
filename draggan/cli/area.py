"""Which part of the picture the model looks at (--crop); never torch, no sockets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from draggan_wire.crop import Box, Crop, choose_crop
from draggan_wire.pixels import MAX_PIXELS

from draggan.cli.handles import Handle, written
from draggan.errors import BadInput
from draggan.pictures import MIN_SIDE

_FORM = "Write --crop whole, --crop handles, or --crop X,Y,W,H in pixels."


def choose_area(
    text: str, *, size: tuple[int, int], handles: Sequence[Handle], mask: np.ndarray | None
) -> Crop:
    """The area that `text` asks for in a picture of `size` (W, H). Raises BadInput."""
    crop = _area(text, size, handles, mask)
    for point in (point for handle in handles for point in (handle.start, handle.target)):
        x, y = crop.from_document(point)
        if not (0 <= x <= crop.width and 0 <= y <= crop.height):
            raise BadInput(
                f"The point {written(point)} lies outside --crop {text}.",
                hint="Make the crop larger, or leave the point out.",
            )
    if crop.width * crop.height > MAX_PIXELS:
        raise BadInput(
            f"{crop.width} x {crop.height} pixels are too many to work on at once.",
            hint=f"Choose a part with --crop X,Y,W,H, of up to {MAX_PIXELS // 10**6} megapixels.",
        )
    return crop


def _area(
    text: str, size: tuple[int, int], handles: Sequence[Handle], mask: np.ndarray | None
) -> Crop:
    if text == "whole":
        return Crop(0, 0, *size)
    if text == "handles":
        points = [point for handle in handles for point in (handle.start, handle.target)]
        return choose_crop(*size, points, None if mask is None else _bounds(mask))
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise BadInput(f"--crop {text!r} is not an area.", hint=_FORM) from None
    inside = 0 <= left <= size[0] - width and 0 <= top <= size[1] - height
    if not inside or min(width, height) < MIN_SIDE:
        raise BadInput(
            f"--crop {text} does not lie inside the picture of {size[0]} x {size[1]} pixels, or "
            "is too small.",
            hint=f"Left, top, width, height; at least {MIN_SIDE} pixels each way.",
        )
    return Crop(left, top, width, height)


def _bounds(mask: np.ndarray) -> Box:
    """Left, top, right, bottom of all that may move in (H, W)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
