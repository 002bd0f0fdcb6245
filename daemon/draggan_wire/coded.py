"""Coded pictures made raw again: "rows" here, "jpeg" by the host's own decoder; standard library.

A host gives a `JpegDecoder` to the client. What a JPEG says of itself is read here first: a decoder
is only shown what has the announced size, since some take all the memory that a header asks for.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Callable, Dict, Optional, Tuple

from .errors import BadMessage
from .messages import FLEETING, Frame
from .pixels import BYTES_PER_PIXEL, Bytes, Image
from .rows import unrow

# (JPEG data, width, height) -> packed RGB, 3 bytes per pixel; raises ValueError for what is none.
JpegDecoder = Callable[[bytes, int, int], bytes]

# Where red, green, blue and alpha stand among a pixel's channels.
_PLACES: Dict[str, Tuple[int, ...]] = {
    "gray8": (0,),
    "graya8": (0, 1),
    "rgb8": (0, 1, 2),
    "rgba8": (0, 1, 2, 3),
    "bgra8": (2, 1, 0, 3),
    "rgb16": (0, 1, 2),
    "rgba16": (0, 1, 2, 3),
    "bgra16": (2, 1, 0, 3),
}
_BASELINE, _HUFFMAN, _ARITHMETIC, _JPG = 0xC0, 0xC4, 0xCC, 0xC8


def decoded(frame: Frame, jpeg: Optional[JpegDecoder]) -> Frame:
    """The frame with raw pictures; itself where they are. Raises BadMessage for damaged ones."""
    changed = frame.changed
    if frame.image.coding == "raw" and (changed is None or changed.coding == "raw"):
        return frame
    if frame.image.coding == "jpeg" and frame.kind not in FLEETING:
        raise _damaged("only previews may lose something")
    image = _raw(frame.image, jpeg)
    return replace(frame, image=image, changed=changed and _raw(changed, None))


def _raw(image: Image, jpeg: Optional[JpegDecoder]) -> Image:
    if image.coding == "raw":
        return image
    if image.coding == "rows":
        stride = image.width * BYTES_PER_PIXEL[image.format]
        data: Bytes = unrow(image.data, stride=stride, rows=image.height)
    else:
        data = _from_jpeg(image, jpeg)
    return replace(image, data=data, coding="raw")


def _from_jpeg(image: Image, decode: Optional[JpegDecoder]) -> Bytes:
    data = bytes(image.data)
    if decode is None or image.format not in _PLACES:
        raise _damaged("this program cannot read its coding")
    if jpeg_size(data) != (image.width, image.height):
        raise _damaged("it is not of the announced size")
    try:
        rgb = decode(data, image.width, image.height)
    except Exception as error:  # the host's: whatever it has against the data
        raise _damaged("it cannot be decoded") from error
    if len(rgb) != 3 * image.width * image.height:
        raise _damaged("it is not of the announced size")
    return from_rgb(rgb, image.format)


def jpeg_size(data: bytes) -> Optional[Tuple[int, int]]:
    """Width and height of a baseline JPEG of one or three components; None for anything else."""
    place = 2
    if data[:2] != b"\xff\xd8":
        return None
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        if marker == _BASELINE:
            if length < 8 or place + 10 > len(data) or data[place + 9] not in (1, 3):
                return None
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker < _BASELINE or marker == 0xDA or length < 2 or _is_other_frame(marker):
            return None
        place += 2 + length
    return None


def from_rgb(rgb: Bytes, format: str) -> bytearray:
    """Packed RGB of 8 bits as opaque pixels of another 8- or 16-bit format.

    Of a grey format the colours must be equal already. 16 bits have both bytes alike, so that 255
    becomes 65535 in either byte order.
    """
    places, size = _PLACES[format], BYTES_PER_PIXEL[format]
    width = size // len(places)  # bytes of a channel
    pixels = bytearray(b"\xff") * (len(rgb) // 3 * size)  # alpha is opaque
    colours = places[:-1] if len(places) in (2, 4) else places
    rgb = bytes(rgb)
    for channel, place in enumerate(colours):
        plane = rgb[channel::3]
        for byte in range(width):
            pixels[place * width + byte :: size] = plane
    return pixels


def _is_other_frame(marker: int) -> bool:
    """Whether a marker starts a frame of another kind than baseline (progressive, lossless...)."""
    return 0xC0 < marker <= 0xCF and marker not in (_HUFFMAN, _ARITHMETIC, _JPG)


def _damaged(why: str) -> BadMessage:
    return BadMessage(
        f"A picture from the daemon cannot be shown: {why}.",
        hint="Try again; if it stays, update the daemon and this program to the same version.",
    )
