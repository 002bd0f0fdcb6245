"""What travels as raw bytes: pictures in the host's own layout, and blobs; standard library.

A picture has a format tag: rows from top to bottom, no padding, channels interleaved in the order
of the tag's letters, 16-bit and float channels in little-endian order, alpha not premultiplied.
Nobody on the editors' side computes with pixels; the daemon converts both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from .errors import BadMessage, LimitExceeded

BYTES_PER_PIXEL = {
    "gray8": 1,
    "graya8": 2,
    "rgb8": 3,
    "rgba8": 4,
    "bgra8": 4,
    "rgb16": 6,
    "rgba16": 8,
    "bgra16": 8,
    "rgbaf32": 16,
}
_OPAQUE = ("gray8", "rgb8", "rgb16")  # the others have alpha, as their last channel
MAX_SIDE = 32768
MAX_PIXELS = 1 << 25
MAX_BUFFER = 1 << 27  # bytes of one picture: 32 Mi pixels of 8-bit RGBA
CODINGS = ("raw", "jpeg", "rows")
CODING_SLACK = 1 << 16  # bytes by which a coded picture may exceed the raw one

Bytes = Union[bytes, bytearray, memoryview]


@dataclass(frozen=True)
class Image:
    """`width` x `height` pixels of `format` (a key of BYTES_PER_PIXEL) in `data`.

    `coding` says how they travel: "raw" as they are; "rows" without loss, see `rows`; "jpeg" as a
    baseline JPEG of the colours, to be shown opaque. Whoever takes pictures from a client gets them
    raw. Raises BadMessage when the bytes do not fit the size, LimitExceeded when it is too large.
    """

    format: str
    width: int
    height: int
    data: Bytes
    coding: str = "raw"

    def __post_init__(self) -> None:
        size, came = self.size, memoryview(self.data).nbytes
        if self.coding not in CODINGS:
            raise BadMessage(
                f"The picture coding {str(self.coding)[:40]!r} is unknown.",
                hint="Known codings: " + ", ".join(CODINGS) + ".",
            )
        if came != size if self.coding == "raw" else not 0 < came <= size + CODING_SLACK:
            raise BadMessage(
                f"A picture of {self.width} x {self.height} pixels ({self.format}) came with "
                f"{came} bytes.",
                hint="The picture was cut off or its format is wrong; try again, then report it.",
            )

    @property
    def size(self) -> int:
        """Bytes of the picture when it is raw."""
        return size_in_bytes(self.format, self.width, self.height)


@dataclass(frozen=True)
class Blob:
    """Bytes that only the daemon can read; the client keeps them and gives them back.

    Raises LimitExceeded for more than MAX_BUFFER bytes, BadMessage for none.
    """

    data: Bytes

    def __post_init__(self) -> None:
        size = memoryview(self.data).nbytes
        if not size:
            raise BadMessage("Saved data without a byte came.", hint="Open the picture instead.")
        if size > MAX_BUFFER:
            raise LimitExceeded(
                f"Saved data of {size} bytes is too large to send.",
                hint="Open the picture again, and go on from there.",
            )


def is_blank(image: Image) -> bool:
    """Whether all of it is fully transparent; False without alpha."""
    return image.format not in _OPAQUE and _alpha_is_all(image, b"\0")


def is_opaque(image: Image) -> bool:
    """Whether nothing shines through; for formats of whole numbers."""
    return image.format in _OPAQUE or _alpha_is_all(image, b"\xff")


def _alpha_is_all(image: Image, value: bytes) -> bool:
    size = BYTES_PER_PIXEL[image.format]
    channels = 2 if image.format.startswith("gray") else 4
    data = bytes(image.data)
    return not any(data[k::size].strip(value) for k in range(size - size // channels, size))


def size_in_bytes(format: Any, width: Any, height: Any) -> int:
    """Bytes of a picture; raises BadMessage for no picture at all, LimitExceeded for a huge one."""
    if not isinstance(format, str) or format not in BYTES_PER_PIXEL:
        raise BadMessage(
            f"The pixel format {str(format)[:40]!r} is unknown.",
            hint="Known formats: " + ", ".join(BYTES_PER_PIXEL) + ".",
        )
    if type(width) is not int or type(height) is not int or width < 1 or height < 1:
        raise BadMessage("A picture without pixels came.", hint="Select a larger region.")
    size = width * height * BYTES_PER_PIXEL[format]
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS or size > MAX_BUFFER:
        raise LimitExceeded(
            f"A picture of {width} x {height} pixels ({format}) is too large to send.",
            hint="Select a smaller region, or scale the picture down.",
        )
    return size
