"""Whether a picture from the daemon is one that was asked for; imports the wire's types only.

Hosts take a buffer of another size in silence, or read past its end: so it is refused before.
"""

from __future__ import annotations

from typing import Mapping

from ..crop import Crop
from ..errors import BadInput
from ..messages import Image


def check_size(image: Image, crop: Crop) -> None:
    """Raises BadInput for a picture that does not fit its crop."""
    if (image.width, image.height) != (crop.width, crop.height):
        raise _refusal(
            f"The daemon sent {image.width} x {image.height} pixels in place of "
            f"{crop.width} x {crop.height}."
        )


def name_of_format(image: Image, names: Mapping[str, str]) -> str:
    """What the host calls the picture's format; raises BadInput for one without a name."""
    if image.format not in names:
        raise _refusal(
            f"The daemon sent pixels of a format that was not asked for ({image.format})."
        )
    return names[image.format]


def _refusal(sentence: str) -> BadInput:
    return BadInput(sentence, hint="Update the daemon and the plugin to the same version.")
