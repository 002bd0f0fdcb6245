"""Where a crop is part of more, and what to say of what moves beyond it; standard library only."""

from __future__ import annotations

from typing import Sequence, Tuple

from ..crop import Crop
from .words import Template

AT_REGION = Template(
    "Part of what moves is cut off at the border of the region. Choose a larger region."
)
AT_SIGHT = Template(
    "Part of what moves is cut off at the border of what the model sees. Drag it less far."
)


def cut_notes(
    cut: Sequence[str], crop: Crop, whole: Crop, *, at_region: str = AT_REGION
) -> Tuple[str, ...]:
    """What a frame's `cut` means for a `crop` of `whole`, both in the document's pixels.

    `at_region` is said where a larger crop would help.
    """
    beyond = sides_within(crop, whole)
    if any(edge in beyond for edge in cut):
        return (at_region,)
    if "area" in cut:
        return (at_region,) if beyond else (AT_SIGHT,)
    return ()


def sides_within(crop: Crop, whole: Crop) -> Tuple[str, ...]:
    """The sides of `crop` beyond which `whole` goes on."""
    beyond = {
        "left": crop.left > whole.left,
        "top": crop.top > whole.top,
        "right": crop.left + crop.width < whole.left + whole.width,
        "bottom": crop.top + crop.height < whole.top + whole.height,
    }
    return tuple(side for side, goes_on in beyond.items() if goes_on)
