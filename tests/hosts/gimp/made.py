"""Images, layers and results that the console checks make; every one in GIMP's batch mode."""

from __future__ import annotations

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
import random  # noqa: E402
import struct  # noqa: E402

from draggan_studio.canvas import NewLayer  # noqa: E402
from draggan_studio.draggan_wire.crop import Crop  # noqa: E402
from draggan_studio.draggan_wire.errors import WireError  # noqa: E402
from draggan_studio.draggan_wire.messages import Image  # noqa: E402
from draggan_studio.draggan_wire.pixels import BYTES_PER_PIXEL  # noqa: E402
from gi.repository import Gegl, Gimp  # noqa: E402

Gegl.init(None)
WIDTH, HEIGHT = 40, 30
RGB, GRAY = Gimp.ImageBaseType.RGB, Gimp.ImageBaseType.GRAY
SOLID = {"rgba8": b"\xff", "graya8": b"\xff", "rgba16": b"\xff\xff", "rgbaf32": b"\0\0\x80?"}
ALPHAS = {  # of columns, by how a full one is written
    b"\xff": (b"\0", b"\x80", b"\xff", b"\x80"),
    b"\xff\xff": (b"\0\0", b"\x80\x80", b"\xff\xff", b"\x80\x80"),
    b"\0\0\x80?": tuple(struct.pack("<f", share / 255) for share in (0, 128, 255, 128)),
}


def new_image(precision="u8-non-linear", base=RGB, profile=None, size=(WIDTH, HEIGHT)):
    kind = getattr(Gimp.Precision, precision.replace("-", "_").upper())
    image = Gimp.Image.new_with_precision(*size, base, kind)
    if profile is not None:
        assert image.set_color_profile(profile)
    return image


def add_layer(image, *, alpha=False, seed=1, at=(0, 0), size=None, parent=None, name="layer"):
    """A layer of noise, on top; with alpha, every coverage there is."""
    width, height = size or (image.get_width(), image.get_height())
    gray = image.get_base_type() == GRAY
    kinds = Gimp.ImageType
    if gray:
        kind = kinds.GRAYA_IMAGE if alpha else kinds.GRAY_IMAGE
    else:
        kind = kinds.RGBA_IMAGE if alpha else kinds.RGB_IMAGE
    layer = Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
    noise = bytearray(random.Random(seed).randbytes(width * height * 8))
    if not alpha:
        noise[6::8] = noise[7::8] = b"\xff" * (width * height)
    fill(layer, "R'G'B'A u16", bytes(noise))
    layer.set_offsets(*at)
    assert image.insert_layer(layer, parent, 0)
    return layer


def fill(drawable, form, data):
    buffer = drawable.get_buffer()
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    buffer.set(area, form, data)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def pixels(drawable, form=None, crop=None):
    """A drawable's pixels in a format, None: bit for bit; `crop` in its own pixels."""
    crop = crop or Crop(0, 0, drawable.get_width(), drawable.get_height())
    area = Gegl.Rectangle.new(crop.left, crop.top, crop.width, crop.height)
    return bytes(drawable.get_buffer().get(area, 1.0, form, Gegl.AbyssPolicy.NONE))


def visible(image, form=None):
    """What the image shows."""
    layer = Gimp.Layer.new_from_visible(image, image, "visible")
    try:
        return pixels(layer, form)
    finally:
        layer.delete()


def dragged(image, share=0.5, seed=7, alpha=False):
    """(result, changed): other colours in the left part of a picture; its alpha kept, or other."""
    size, width = BYTES_PER_PIXEL[image.format], image.width
    opaque = SOLID[image.format]
    noise, gray = random.Random(seed), is_gray(image)
    data, marks = bytearray(image.data), bytearray(width * image.height)
    for y in range(image.height):
        for x in range(int(width * share)):
            at = (y * width + x) * size
            data[at : at + size - len(opaque)] = _colour(noise, image.format, gray)
            if alpha:
                data[at + size - len(opaque) : at + size] = ALPHAS[opaque][x % 4]
            marks[y * width + x] = 255
    changed = Image("gray8", width, image.height, bytes(marks))
    return Image(image.format, width, image.height, bytes(data)), changed


def is_gray(image):
    size, step = BYTES_PER_PIXEL[image.format], len(SOLID[image.format])
    if size == 2 * step:
        return True
    planes = [b"".join(image.data[k + c :: size] for k in range(step)) for c in (0, step, 2 * step)]
    return planes[0] == planes[1] == planes[2]


def _colour(noise, form, gray):
    if form == "rgbaf32":
        values = [noise.random() for _ in range(3)]
        return struct.pack("<3f", *(values[:1] * 3 if gray else values))
    sample = len(SOLID[form])
    channels = BYTES_PER_PIXEL[form] // sample - 1
    return (
        noise.randbytes(sample) * 3
        if gray and channels == 3
        else noise.randbytes(sample * channels)
    )


def result_of(image, crop, name="DragGAN, step 9", **more):
    result, changed = dragged(image, **more)
    return NewLayer(name, result, crop, changed)


def refused(call, *words, **named):
    """The sentence with which a call is refused."""
    try:
        call(*words, **named)
    except WireError as error:
        assert error.hint and error.sentence.endswith("."), error.sentence
        return error.sentence
    raise AssertionError("was not refused")


def run_all(names):
    """Call the checks of a file: its functions without arguments whose names are sentences."""
    for name, value in list(names.items()):
        code = getattr(value, "__code__", None)
        if code and value.__globals__ is names and not code.co_argcount and "_" in name:
            print(name, flush=True)
            value()
