"""Pictures that nothing can be made of, refused in words before they are sent; stdlib only."""

from __future__ import annotations

from math import isfinite

from .draggan_wire.crop import Crop
from .draggan_wire.errors import BadInput
from .draggan_wire.messages import Image
from .draggan_wire.pixels import BYTES_PER_PIXEL, is_blank

LEAST_SIDE = 8  # pixels of a picture: in fewer a model sees nothing


def check_size(crop: Crop) -> None:
    """Raises BadInput for a few pixels, before they are read."""
    if min(crop.width, crop.height) < LEAST_SIDE:
        raise BadInput(
            f"What is to be dragged has only {crop.width} x {crop.height} pixels.",
            hint=f"Choose a larger part or layer, of at least {LEAST_SIDE} pixels each way.",
        )


def check_picture(image: Image) -> None:
    """Raises BadInput where nothing can be seen."""
    if is_blank(image):
        raise BadInput(
            "There is nothing to see where the handles are.",
            hint="Choose a layer with pixels there, or work on everything visible.",
        )
    if not _has_numbers(image):
        raise BadInput(
            "The layer's pixels there are no numbers.",
            hint="Some filter has spoilt it: undo that, or choose another layer.",
        )


def check_precision(image: Image, older: Image) -> None:
    """Raises BadInput for results of another depth than their source has now."""
    if image.format != older.format:
        raise BadInput(
            "The image has another precision than when the edit was made.",
            hint="Convert it back, or begin a new edit without taking up the old one.",
        )


def _has_numbers(image: Image) -> bool:
    """Whether any pixel has a colour: floats may all be infinite, or not a number."""
    if not image.format.endswith("f32"):
        return True
    samples = memoryview(image.data).cast("B").cast("f")
    return any(map(isfinite, samples[:: BYTES_PER_PIXEL[image.format] // 4]))
