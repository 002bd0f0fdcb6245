"""Pictures from the wire as Qt reads and draws them; no Krita."""

from __future__ import annotations

from typing import Optional

from .draggan_wire.coded import JpegDecoder
from .draggan_wire.messages import Image
from .qt import QtCore, QtGui, image_bytes

THUMBNAIL = 72  # pixels of the longer side


def to_qimage(image: Image) -> QtGui.QImage:
    """A copy of bgra8 or bgra16 pixels as a QImage of 8 bits; empty for other formats."""
    form, size = QtGui.QImage.Format, (image.width, image.height)
    data = bytes(image.data)
    if image.format == "bgra8":
        return QtGui.QImage(data, *size, 4 * image.width, form.Format_ARGB32).copy()
    if image.format == "bgra16":
        wide = QtGui.QImage(data, *size, 8 * image.width, form.Format_RGBA64)
        return wide.rgbSwapped().convertToFormat(form.Format_ARGB32)
    return QtGui.QImage()


def thumbnail(image: Image) -> QtGui.QImage:
    """The picture in small, for the timeline."""
    modes = QtCore.Qt.AspectRatioMode.KeepAspectRatio
    smooth = QtCore.Qt.TransformationMode.SmoothTransformation
    fast = QtCore.Qt.TransformationMode.FastTransformation
    twice = to_qimage(image).scaled(2 * THUMBNAIL, 2 * THUMBNAIL, modes, fast)
    return twice.scaled(THUMBNAIL, THUMBNAIL, modes, smooth)


def jpeg_decoder() -> Optional[JpegDecoder]:
    """What reads previews that come as JPEG; None where Qt came without."""
    known = (bytes(name).lower() for name in QtGui.QImageReader.supportedImageFormats())
    return decode_jpeg if b"jpeg" in known else None


def decode_jpeg(data: bytes, width: int, height: int) -> bytes:
    """A JPEG's pixels as packed RGB of 8 bits; raises ValueError for what is none of that size."""
    picture = QtGui.QImage.fromData(data, "JPEG").convertToFormat(QtGui.QImage.Format.Format_RGB888)
    if (picture.width(), picture.height()) != (width, height):
        raise ValueError("no JPEG of this size")
    rows, stride, row = image_bytes(picture), picture.bytesPerLine(), 3 * width
    if stride == row:
        return rows
    return b"".join(rows[start : start + row] for start in range(0, stride * height, stride))
