"""Host pixel formats: bytes <-> native arrays <-> rgb in [0, 1]; imports numpy and nothing else.

A *native array* is (H, W, C) in the host's own sample type with C = 1 gray, 2 gray + alpha,
3 r g b or 4 r g b + alpha. Alpha is straight (not premultiplied). Going through a native array
loses nothing, so what an edit leaves alone goes back to the host bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .errors import BadInput, BadPicture

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709, as sRGB's primaries
SAMPLES = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}  # sample type -> value of white


@dataclass(frozen=True)
class PixelFormat:
    """How one pixel lies in memory: little-endian samples of `dtype`, channels in `order`.

    `order[k]` is the memory position of the native array's channel k (swapping twice restores).
    """

    name: str
    dtype: str
    order: tuple[int, ...]

    @property
    def bytes_per_pixel(self) -> int:
        return np.dtype(self.dtype).itemsize * len(self.order)

    def from_bytes(self, data: bytes | memoryview, width: int, height: int) -> NDArray:
        """Tightly packed rows from the top -> a native array (height, width, channels), a copy.

        Raises BadPicture where the sizes and the number of bytes do not agree.
        """
        if width < 1 or height < 1:
            raise BadPicture(f"A picture of {width} x {height} pixels has nothing in it.")
        expected = width * height * self.bytes_per_pixel
        got = memoryview(data).nbytes
        if got != expected:
            raise BadPicture(
                f"A {self.name} picture of {width} x {height} is {expected} bytes, not {got}.",
                hint="Send whole rows without padding, in the format that is named.",
            )
        packed = np.frombuffer(data, self.dtype).reshape(height, width, len(self.order))
        return packed[..., self.order].astype(np.dtype(self.dtype).newbyteorder("="), order="C")

    def to_bytes(self, native: NDArray) -> bytes:
        """A native array of this format's sample type and channels -> packed rows.

        Raises BadPicture for another sample type or another number of channels.
        """
        if native.dtype != np.dtype(self.dtype) or native.shape[2:] != (len(self.order),):
            raise BadPicture(
                f"A {native.dtype} array of shape {native.shape} cannot be packed as {self.name}."
            )
        return native[..., self.order].astype(self.dtype).tobytes()


def _table(*formats: PixelFormat) -> Mapping[str, PixelFormat]:
    return MappingProxyType({f.name: f for f in formats})


FORMATS = _table(
    PixelFormat("gray8", "|u1", (0,)),
    PixelFormat("graya8", "|u1", (0, 1)),
    PixelFormat("rgb8", "|u1", (0, 1, 2)),
    PixelFormat("rgba8", "|u1", (0, 1, 2, 3)),
    PixelFormat("bgra8", "|u1", (2, 1, 0, 3)),
    PixelFormat("rgb16", "<u2", (0, 1, 2)),
    PixelFormat("rgba16", "<u2", (0, 1, 2, 3)),
    PixelFormat("bgra16", "<u2", (2, 1, 0, 3)),
    PixelFormat("rgbaf32", "<f4", (0, 1, 2, 3)),
)


def pixel_format(name: str) -> PixelFormat:
    """The format of that name. Raises BadInput, listing the names that exist."""
    if name not in FORMATS:
        raise BadInput(
            f"There is no pixel format called {name!r}.", hint="Known: " + ", ".join(FORMATS) + "."
        )
    return FORMATS[name]


def as_native(picture: NDArray) -> NDArray:
    """Check a caller's array and give it its channel axis: (H, W) or (H, W, 1..4) -> (H, W, C).

    Raises BadPicture for other shapes and for sample types other than uint8, uint16, float32.
    """
    array = np.asarray(picture)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or 0 in array.shape:
        raise BadPicture(
            f"An array of shape {array.shape} is no picture.",
            hint="Give (height, width) or (height, width, channels) with 1 to 4 channels.",
        )
    if array.dtype.name not in SAMPLES:
        raise BadPicture(
            f"Pictures of {array.dtype.name} samples are not understood.",
            hint="Convert to uint8 or uint16, or to float32 with white at 1.",
        )
    return array


def alpha_of(native: NDArray) -> NDArray | None:
    """Coverage (H, W) float32 in [0, 1], or None where the picture has no alpha channel."""
    if native.shape[2] not in (2, 4):
        return None
    return np.clip(finite(native[..., -1]) / np.float32(SAMPLES[native.dtype.name]), 0, 1)


def rgb_of(native: NDArray) -> NDArray:
    """Colours (H, W, 3) float32, 0 black to 1 white; float pictures keep what lies outside."""
    colours = native[..., :1] if native.shape[2] < 3 else native[..., :3]
    unit = finite(colours) / np.float32(SAMPLES[native.dtype.name])
    return np.broadcast_to(unit, (*unit.shape[:2], 3))


def finite(samples: NDArray) -> NDArray:
    """The samples as float32, with 0 in place of NaN and of infinities."""
    values = samples.astype(np.float32)
    if samples.dtype.kind == "f":
        values[~np.isfinite(values)] = 0
    return values


def count_non_finite(native: NDArray) -> int:
    """How many pixels of a float picture hold a NaN or an infinity (0 for integer pictures)."""
    if native.dtype.kind != "f":
        return 0
    return int((~np.isfinite(native)).any(axis=2).sum())


def differing(a: NDArray, b: NDArray) -> NDArray:
    """Where any sample's bits differ between two native arrays of one form: (H, W) bool."""
    bits = f"u{a.itemsize}"
    x, y = np.ascontiguousarray(a).view(bits), np.ascontiguousarray(b).view(bits)
    where = x[..., 0] != y[..., 0]
    for channel in range(1, x.shape[2]):
        where |= x[..., channel] != y[..., channel]
    return where


def with_rgb(native: NDArray, rgb: NDArray, where: NDArray) -> NDArray:
    """A copy with the colours `rgb` (H, W, 3) at the pixels `where` (H, W) bool.

    Every other sample, alpha included, is carried over bit for bit. Integer samples are rounded
    and clipped; float ones are not, so that values beyond white survive.
    """
    colours = rgb if native.shape[2] >= 3 else (rgb @ LUMA)[..., None]
    values = colours * np.float32(SAMPLES[native.dtype.name])
    if native.dtype.kind != "f":
        values = np.clip(np.rint(values), 0, np.iinfo(native.dtype).max)
    result = native.copy()
    result[where, : colours.shape[2]] = values[where].astype(native.dtype)
    return result


def with_alpha(native: NDArray, alpha: NDArray, where: NDArray) -> NDArray:
    """A copy with the coverage `alpha` (H, W) in [0, 1] at the pixels `where` (H, W) bool."""
    values = np.clip(alpha, 0, 1) * np.float32(SAMPLES[native.dtype.name])
    if native.dtype.kind != "f":
        values = np.rint(values)
    result = native.copy()
    result[where, -1] = values[where].astype(native.dtype)
    return result
