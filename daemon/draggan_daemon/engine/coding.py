"""Pictures made smaller for the way to a client; imports numpy, Pillow and the wire, no torch.

"rows" loses nothing and works for every format; the wire's `rows` decodes it. "jpeg" is for
previews over slow links: colours only, 8 bits a sample.
"""

from __future__ import annotations

import io
import zlib

import numpy as np
from draggan_wire.pixels import Image
from numpy.typing import NDArray
from PIL import Image as Pillow

QUALITIES = (85, 75, 60, 45)  # of a JPEG, from the first choice down
ROOM = 0.6  # share of the budget below which the next better quality is tried again


def rows(image: Image) -> Image:
    """A raw picture in the coding "rows": bit for bit the same when it is decoded."""
    above = np.frombuffer(image.data, np.uint8).reshape(image.height, -1)
    differences = above.copy()
    differences[1:] -= above[:-1]
    # Of single bytes' differences, what repeats are runs of zeros: looking for more than runs takes
    # twice the time and gains nothing. Wider samples have high bytes that repeat in patterns.
    wide = image.format.endswith(("16", "32"))
    press = zlib.compressobj(1, strategy=zlib.Z_DEFAULT_STRATEGY if wide else zlib.Z_RLE)
    data = press.compress(differences.data) + press.flush()
    return Image(image.format, image.width, image.height, data, "rows")


def fits_jpeg(native: NDArray) -> bool:
    """Whether a JPEG can stand for the picture (h, w, C): integer samples, nothing transparent."""
    if native.dtype.kind != "u":
        return False
    opaque = np.iinfo(native.dtype).max
    return native.shape[2] % 2 == 1 or bool((native[..., -1] == opaque).all())


class JpegLadder:
    """Encodes one session's previews, in the best quality that keeps them within a budget."""

    def __init__(self) -> None:
        self._rung = 0  # where the last picture came to lie: the next one is much the same

    def encode(self, native: NDArray, format: str, budget: int | None) -> Image:
        """(h, w, C) of unsigned samples as a JPEG; `budget` in bytes, exceeded if nothing helps."""
        colours = Pillow.fromarray(_colours(native))
        data = _jpeg(colours, QUALITIES[self._rung])
        while budget is not None and len(data) > budget and self._rung < len(QUALITIES) - 1:
            self._rung += 1
            data = _jpeg(colours, QUALITIES[self._rung])
        if self._rung and (budget is None or len(data) < ROOM * budget):
            self._rung -= 1
        return Image(format, colours.width, colours.height, data, "jpeg")


def _jpeg(colours: Pillow.Image, quality: int) -> bytes:
    target = io.BytesIO()
    colours.save(target, "JPEG", quality=quality, subsampling="4:2:0")
    return target.getvalue()


def _colours(native: NDArray) -> NDArray:
    """uint8 (h, w) gray or (h, w, 3), without alpha."""
    eight = native if native.dtype == np.uint8 else (native >> 8).astype(np.uint8)
    shown = eight[..., 0] if native.shape[2] < 3 else eight[..., :3]
    return np.ascontiguousarray(shown)
