"""Pixels in and out of Krita: sRGB with alpha, of 8 or 16 bits, whatever the document is made of.

Krita converts in both directions; the plugin computes nothing. Documents of more than 8 bits are
read with 16; what does not move keeps the document's own pixels, whatever they are.
"""

from __future__ import annotations

from typing import Any, Optional

from ..draggan_wire.crop import Crop
from ..draggan_wire.errors import BadInput
from ..draggan_wire.messages import Image
from ..draggan_wire.pixels import size_in_bytes
from ..draggan_wire.workbench.received import check_size, name_of_format
from .scratch import Workshop, space_of

SRGB = "sRGB-elle-V2-srgbtrc.icc"
_FORMATS = {"U8": "bgra8", "U16": "bgra16"}
_DEPTHS = {tag: depth for depth, tag in _FORMATS.items()}


def working_format(node: Any) -> str:
    """The tag of the format in which a node's pixels are worked on."""
    return _FORMATS["U8" if node.colorDepth() == "U8" else "U16"]


def depth_of(image: Image) -> str:
    """Krita's name for the depth of an image that came from the daemon; raises BadInput."""
    return name_of_format(image, _DEPTHS)


def read_node(node: Any, crop: Crop, workshop: Workshop) -> Image:
    """What a node shows (a layer, a group, or the root: everything visible) inside the crop.

    Raises LimitExceeded for more than can be sent, BadInput where Krita gives too little.
    """
    tag = working_format(node)
    size = size_in_bytes(tag, crop.width, crop.height)  # what is too large is not even read
    raw = bytes(node.projectionPixelData(crop.left, crop.top, crop.width, crop.height))
    if space_of(node) != ("RGBA", _DEPTHS[tag], SRGB):
        raw = _converted(raw, crop, workshop.document(space_of(node)), _DEPTHS[tag])
    if len(raw) != size:
        raise BadInput(
            "Krita gave fewer pixels than were asked for.",
            hint="Make the layer visible, or choose another one, and press Drag again.",
        )
    return Image(tag, crop.width, crop.height, raw)


def _converted(raw: bytes, crop: Crop, scratch: Any, depth: str) -> bytes:
    layer = scratch.createNode("pixels", "paintlayer")
    layer.setPixelData(raw, 0, 0, crop.width, crop.height)
    layer.setColorSpace("RGBA", depth, SRGB)
    return bytes(layer.pixelData(0, 0, crop.width, crop.height))


def read_selection(document: Any, crop: Crop) -> Optional[Image]:
    """The selection inside the crop as gray8, feathering kept; None without a selection."""
    selection = document.selection()
    if selection is None:
        return None
    raw = bytes(selection.pixelData(crop.left, crop.top, crop.width, crop.height))
    return Image("gray8", crop.width, crop.height, raw)


def write_node(node: Any, image: Image, crop: Crop) -> None:
    """Replaces the pixels of a layer of ours inside the crop."""
    check_size(image, crop)  # Krita takes too short a buffer in silence
    node.setPixelData(bytes(image.data), crop.left, crop.top, crop.width, crop.height)
