"""Pixels in and out of GIMP: sRGB with alpha in the wire's formats, whatever the image is made of.

GEGL converts in both directions; the plug-in computes nothing. 8-bit and 16-bit integers travel as
they are where the image's colours are sRGB; everything else as floats that are not clipped, so that
no depth and no wider gamut is lost.
"""

from __future__ import annotations

from typing import Any, Tuple

from gi.repository import Gegl, Gimp

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Image
from ..draggan_wire.pixels import size_in_bytes
from ..draggan_wire.workbench.received import name_of_format
from ..screen import Screen

SCREEN = "cairo-ARGB32"
GEGL_FORMATS = {
    "gray8": "Y' u8",
    "graya8": "Y'A u8",
    "rgb8": "R'G'B' u8",
    "rgba8": "R'G'B'A u8",
    "rgb16": "R'G'B' u16",
    "rgba16": "R'G'B'A u16",
    "rgbaf32": "R'G'B'A float",
}
_PLAIN = {  # GIMP's precisions whose samples are already as the wire wants them
    "u8-non-linear": 8,
    "u8-perceptual": 8,
    "u16-non-linear": 16,
    "u16-perceptual": 16,
}
_WARM = 8  # pixels


def wire_format(image: Any) -> str:
    """The tag of the format in which an image's pixels are worked on."""
    bits = _PLAIN.get(image.get_precision().value_nick, 32)
    if bits == 32 or not _is_srgb(image):
        return "rgbaf32"
    if bits == 16:
        return "rgba16"
    return "graya8" if image.get_base_type() == Gimp.ImageBaseType.GRAY else "rgba8"


def _is_srgb(image: Any) -> bool:
    """Whether the image's 8-bit values are sRGB's; files name many profiles that mean just that."""
    profile = image.get_color_profile()
    if profile is None or profile.is_equal(Gimp.ColorProfile.new_rgb_srgb()):
        return True
    gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
    base = Gimp.ImageBaseType.GRAY if gray else Gimp.ImageBaseType.RGB
    kind = Gimp.ImageType.GRAY_IMAGE if gray else Gimp.ImageType.RGB_IMAGE
    ramp = _ramp(1 if gray else 3)
    width = len(ramp) // (1 if gray else 3)
    trial = Gimp.Image.new(width, 1, base)
    try:
        trial.set_color_profile(profile)
        layer = Gimp.Layer.new(trial, "ramp", width, 1, kind, 100.0, Gimp.LayerMode.NORMAL)
        trial.insert_layer(layer, None, 0)
        buffer, row = layer.get_buffer(), Gegl.Rectangle.new(0, 0, width, 1)
        buffer.set(row, GEGL_FORMATS["gray8" if gray else "rgb8"], ramp)
        buffer.flush()
        return bool(buffer.get(row, 1.0, None, Gegl.AbyssPolicy.NONE) == ramp)
    finally:
        trial.delete()


def _ramp(channels: int) -> bytes:
    """All greys, and with three channels each primary as well."""
    if channels == 1:
        return bytes(range(256))
    on = ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    return bytes(value * flag for flags in on for value in range(256) for flag in flags)


def read(drawable: Any, crop: Crop, tag: str) -> Image:
    """A drawable's own pixels inside a crop of the image, transparent where it has none.

    Raises LimitExceeded for more than can be sent: it is not even read.
    """
    size_in_bytes(tag, crop.width, crop.height)
    data = _get(drawable, crop, 1.0, (crop.width, crop.height), GEGL_FORMATS[tag])
    return Image(tag, crop.width, crop.height, data)


def read_coverage(channel: Any, crop: Crop) -> Image:
    """The selection as gray8: it is stored as coverage, which no gamma may touch."""
    size_in_bytes("gray8", crop.width, crop.height)
    data = _get(channel, crop, 1.0, (crop.width, crop.height), "Y u8")
    return Image("gray8", crop.width, crop.height, data)


def read_screen(drawable: Any, crop: Crop, width: int, height: int) -> Screen:
    """A crop of a drawable, scaled to `width` x `height`, for the screen."""
    data = _get(drawable, crop, width / crop.width, (width, height), SCREEN)
    return Screen(width, height, data)


def _get(drawable: Any, crop: Crop, scale: float, size: Tuple[int, int], form: str) -> bytes:
    _, left, top = drawable.get_offsets()
    # GEGL wants the rectangle in pixels of what comes out.
    x, y = round((crop.left - left) * scale), round((crop.top - top) * scale)
    area = Gegl.Rectangle.new(x, y, *size)
    return bytes(drawable.get_buffer().get(area, scale, form, Gegl.AbyssPolicy.NONE))


def write(drawable: Any, image: Image) -> None:
    """Replaces a drawable's pixels from its left upper corner on. Ask for locks before.

    The buffer is flushed at once: one that GEGL flushes later, when the layer may be gone, makes
    GIMP end the plug-in.
    """
    area = Gegl.Rectangle.new(0, 0, image.width, image.height)
    buffer = drawable.get_buffer()
    buffer.set(area, name_of_format(image, GEGL_FORMATS), bytes(image.data))
    buffer.flush()
    drawable.update(0, 0, image.width, image.height)


def write_coverage(mask: Any, coverage: Image) -> None:
    """Fills a layer mask with a gray8 picture of its size."""
    area = Gegl.Rectangle.new(0, 0, coverage.width, coverage.height)
    buffer = mask.get_buffer()
    buffer.set(area, "Y u8", bytes(coverage.data))
    buffer.flush()


def copy_stored(source: Any, target: Any) -> None:
    """One drawable's pixels into another of the same kind and size, bit for bit."""
    area = Gegl.Rectangle.new(0, 0, source.get_width(), source.get_height())
    buffer = target.get_buffer()
    source.get_buffer().copy(area, Gegl.AbyssPolicy.NONE, buffer, area)
    buffer.flush()


def small(image: Image, longest: int) -> Image:
    """The picture as rgba8, no side longer than `longest` pixels."""
    scale = min(1.0, longest / max(image.width, image.height))
    width, height = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    area = Gegl.Rectangle.new(0, 0, width, height)
    data = _buffer(image).get(area, scale, GEGL_FORMATS["rgba8"], Gegl.AbyssPolicy.CLAMP)
    return Image("rgba8", width, height, bytes(data))


def screen(image: Image) -> Screen:
    """Any picture of the wire for the screen, in its own size."""
    area = Gegl.Rectangle.new(0, 0, image.width, image.height)
    data = _buffer(image).get(area, 1.0, SCREEN, Gegl.AbyssPolicy.NONE)
    return Screen(image.width, image.height, bytes(data))


def _buffer(image: Image) -> Any:
    form = name_of_format(image, GEGL_FORMATS)
    area = Gegl.Rectangle.new(0, 0, image.width, image.height)
    buffer = Gegl.Buffer.new(form, 0, 0, image.width, image.height)
    buffer.set(area, form, bytes(image.data))  # anything else goes over one by one
    return buffer


def is_opaque(image: Image, changed: Any) -> bool:
    """Whether all pixels are opaque that `changed` (gray8 0 or 255; None: all of them) names."""
    full = {"graya8": b"\xff", "rgba8": b"\xff", "rgba16": b"\xff\xff", "rgbaf32": b"\0\0\x80?"}
    if image.format not in full:
        return True
    data, alpha = memoryview(image.data).cast("B"), full[image.format]
    step = len(data) // (image.width * image.height)
    where = -1 if changed is None else int.from_bytes(changed.data, "little")
    for k, value in enumerate(alpha):
        plane = bytes(data[step - len(alpha) + k :: step])
        wanted = bytes([value]) * len(plane)
        if (int.from_bytes(plane, "little") ^ int.from_bytes(wanted, "little")) & where:
            return False
    return True


def warm_up() -> None:
    """Makes babl find its ways between the formats that will be used.

    The first conversion between two formats costs up to a second; later ones nothing.
    """
    for form in ("rgba8", "rgba16", "rgbaf32", "graya8"):
        image = Image(form, _WARM, _WARM, bytes(size_in_bytes(form, _WARM, _WARM)))
        screen(image)
        small(image, _WARM // 2)
