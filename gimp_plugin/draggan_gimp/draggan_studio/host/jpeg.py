"""Previews that come as JPEG, read by GdkPixbuf, which GIMP draws its own thumbnails with."""

from __future__ import annotations

from contextlib import suppress
from typing import Optional

from gi.repository import GdkPixbuf, GLib

from ..draggan_wire.coded import JpegDecoder


def jpeg_decoder() -> Optional[JpegDecoder]:
    """What reads previews that come as JPEG; None where GdkPixbuf came without."""
    known = (form.get_name() for form in GdkPixbuf.Pixbuf.get_formats())
    return decode_jpeg if "jpeg" in known else None


def decode_jpeg(data: bytes, width: int, height: int) -> bytes:
    """A JPEG's pixels as packed RGB of 8 bits; raises ValueError for what is none of that size."""
    loader = GdkPixbuf.PixbufLoader.new_with_type("jpeg")
    try:
        loader.write(data)
        loader.close()
    except GLib.Error as error:
        with suppress(GLib.Error):  # what has failed wants to be closed as well
            loader.close()
        raise ValueError(error.message) from error
    picture = loader.get_pixbuf()
    found = picture and (picture.get_width(), picture.get_height(), picture.get_n_channels())
    if found != (width, height, 3):
        raise ValueError("no JPEG of this size")
    rows, stride, row = picture.read_pixel_bytes().get_data(), picture.get_rowstride(), 3 * width
    if stride == row:
        return bytes(rows)
    return b"".join(rows[start : start + row] for start in range(0, stride * height, stride))
