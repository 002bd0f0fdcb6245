"""Pictures of 16 bits per channel, in and out of files; imports Pillow and numpy, never torch.

Pillow keeps eight bits of colours that have sixteen. It is asked twice here: once for the upper
bytes of all samples, once for the lower ones. Writing is done by ourselves.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_OTHER_HALF = {"B": "L", "L": "B", "N": "B"}  # whose first byte is the lower one
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG's, by the number of channels
_ROWS = 64  # that are deflated at a time


def read_deep(path: Path, formats: tuple[str, ...]) -> NDArray | None:
    """The picture's first frame, upright, as uint16 (H, W, 1..4); None where it is not of 16 bits,
    or in a form that is not known here. Raises what Pillow raises for damaged files."""
    with Image.open(path, formats=formats) as image:
        modes = {_mode(tile) for tile in getattr(image, "tile", ())}
        if len(modes) != 1:
            return None
        (mode,) = modes
    channels, _, order = mode.partition(";16")
    if channels == "I" and mode != "I":
        return _grey(path, formats)
    if channels == "LA":  # 32 bits for a pixel, as RGBA has with eight
        parts = _decoded(path, formats, "RGBA").astype(np.uint16)
        return parts[..., 0::2] << 8 | parts[..., 1::2]
    if channels in ("RGB", "RGBA") and order in _OTHER_HALF:
        upper = _decoded(path, formats, mode).astype(np.uint16)
        lower = _decoded(path, formats, f"{channels};16{_OTHER_HALF[order]}")
        return upper << 8 | lower
    return None


def write_deep(file: BinaryIO, native: NDArray) -> None:
    """uint16 (H, W, 1..4) as a PNG, each row as its difference from the one above."""
    height, width, channels = native.shape
    head = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    file.write(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head))
    press = zlib.compressobj(4)
    for rows in _filtered(native):
        part = press.compress(rows)
        if part:
            file.write(_chunk(b"IDAT", part))
    file.write(_chunk(b"IDAT", press.flush()) + _chunk(b"IEND", b""))


def _mode(tile: Any) -> str:
    """How the tile's samples lie in the file, in Pillow's words."""
    words = tile[3]
    return str(words if isinstance(words, str) else words[0])


def _grey(path: Path, formats: tuple[str, ...]) -> NDArray | None:
    with Image.open(path, formats=formats) as image:
        values = np.asarray(_upright(image))
    return values.astype(np.uint16)[..., None] if values.dtype.kind == "u" else None


def _decoded(path: Path, formats: tuple[str, ...], mode: str) -> NDArray:
    """One byte of each sample, by telling Pillow that they lie in the file like that."""
    with Image.open(path, formats=formats) as image:
        image.tile = [_retold(tile, mode) for tile in image.tile]
        return np.asarray(_upright(image))


def _retold(tile: Any, mode: str) -> Any:
    words = mode if isinstance(tile[3], str) else (mode, *tile[3][1:])
    return tile._replace(args=words)


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF data do not make a broken picture
        return image.copy()


def _filtered(native: NDArray) -> Iterator[bytes]:
    """A few rows at a time, each with the number of its filter: 2, up."""
    height, width, channels = native.shape
    above = np.zeros((1, width * channels * 2), np.uint8)
    for first in range(0, height, _ROWS):
        rows = np.ascontiguousarray(native[first : first + _ROWS], ">u2")
        plain = rows.view(np.uint8).reshape(len(rows), -1)
        up = plain - np.concatenate([above, plain[:-1]])
        yield np.concatenate([np.full((len(rows), 1), 2, np.uint8), up], axis=1).tobytes()
        above = plain[-1:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
