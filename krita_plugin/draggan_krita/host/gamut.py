"""Colours that a document's own space does not keep: results are written so that they look right.

A document in CMYK, say, shows an sRGB layer a little different from what is in it, and its own
pixels come back changed from a way through sRGB. So the layer is given what is lost on that way.
Krita converts, Qt adds and subtracts whole pictures.
"""

from __future__ import annotations

from typing import Any

from ..draggan_wire.messages import Image
from ..qt import QtGui, image_bytes
from .scratch import Space, Workshop, space_of

SRGB = "sRGB-elle-V2-srgbtrc.icc"
_Mode = QtGui.QPainter.CompositionMode


def is_wider_than_srgb(document: Any) -> bool:
    """Whether colours may change by going through sRGB."""
    if document.colorModel() == "RGBA":
        return "srgb" not in document.colorProfile().lower()
    return document.colorModel() != "GRAYA"


def made_up_for(document: Any, image: Image, workshop: Workshop) -> Image:
    """The image with what the document's space takes from it added beforehand.

    16-bit images stay as they are: what their documents lose is little.
    """
    if image.format != "bgra8" or not is_wider_than_srgb(document):
        return image
    wanted, shown = _picture(image), _picture(_as_shown(image, space_of(document), workshop))
    common = _blended(wanted, shown, _Mode.CompositionMode_Darken)
    missing = _blended(wanted, common, _Mode.CompositionMode_Difference)
    surplus = _blended(shown, common, _Mode.CompositionMode_Difference)
    result = _blended(wanted, missing, _Mode.CompositionMode_Plus)
    result.invertPixels()
    result = _blended(result, surplus, _Mode.CompositionMode_Plus)
    result.invertPixels()
    return Image(image.format, image.width, image.height, _with_alpha(image_bytes(result), image))


def _as_shown(image: Image, space: Space, workshop: Workshop) -> Image:
    """The image after the way into the document's space and back."""
    layer = workshop.document(space).createNode("there and back", "paintlayer")
    layer.setColorSpace("RGBA", "U8", SRGB)
    layer.setPixelData(bytes(image.data), 0, 0, image.width, image.height)
    layer.setColorSpace(*space)
    layer.setColorSpace("RGBA", "U8", SRGB)
    raw = bytes(layer.pixelData(0, 0, image.width, image.height))
    return Image(image.format, image.width, image.height, raw)


def _picture(image: Image) -> QtGui.QImage:
    """Without transparency, which has no part in this."""
    form = QtGui.QImage.Format.Format_RGB32
    return QtGui.QImage(bytes(image.data), image.width, image.height, 4 * image.width, form).copy()


def _blended(under: QtGui.QImage, over: QtGui.QImage, mode: Any) -> QtGui.QImage:
    result = under.copy()
    painter = QtGui.QPainter(result)
    painter.setCompositionMode(mode)
    painter.drawImage(0, 0, over)
    painter.end()
    return result


def _with_alpha(colours: bytes, image: Image) -> bytes:
    """The colours with the transparency of the image."""
    pixels = bytearray(colours)
    pixels[3::4] = bytes(image.data)[3::4]
    return bytes(pixels)
