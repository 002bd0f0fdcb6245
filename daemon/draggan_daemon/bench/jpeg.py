"""Previews that came as JPEG, decoded as an editor does; imports Pillow."""

from __future__ import annotations

import io

from PIL import Image as Pillow


def decode_jpeg(data: bytes, width: int, height: int) -> bytes:
    """Packed RGB of a picture of that size. Raises OSError for what is no JPEG."""
    with Pillow.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        return picture.convert("RGB").tobytes()
