"""Pictures from the wire as Qt draws them; no Krita."""

from __future__ import annotations

from .draggan_wire.messages import Image
from .qt import QtCore, QtGui

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
