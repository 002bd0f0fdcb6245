"""What is read of an image, and how results look in it: every precision, gray, other profiles."""

import itertools
import struct
from dataclasses import replace

from draggan_studio.draggan_wire.crop import Crop
from draggan_studio.host.document import GimpDocument
from gi.repository import Gimp
from made import GRAY, RGB, add_layer, new_image, pixels, result_of, visible

DEPTHS = ("u8", "u16", "u32", "half", "float", "double")
CURVES = ("linear", "non-linear", "perceptual")
BYTES = {"u8": 1, "u16": 2, "u32": 4, "half": 2, "float": 4, "double": 8}
PROFILES = {
    "": None,
    "adobe": Gimp.ColorProfile.new_rgb_adobe(),
}
WHOLE = Crop(0, 0, 40, 30)
RIGHT = 20  # columns from here on are unchanged


def check(precision, base, profile, alpha):
    """(format on the wire, errors: of what is kept, of what is shown, of a picture sent back)."""
    image = new_image(precision, base, PROFILES[profile])
    add_layer(image, seed=3)  # something below
    layer = add_layer(image, alpha=alpha)
    document = GimpDocument(image, layer)
    read = document.read_layer(document.layer, WHOLE)
    native, before = pixels(layer), visible(image)
    new = result_of(read, WHOLE)
    added = document.insert([new], source=document.layer)
    assert image.get_precision().value_nick == precision
    assert pixels(layer) == native, "the user's layer was written to"
    kept = worst(cut(before, image), cut(visible(image), image), precision)
    shown = worst_shown(own(added), new)
    same = document.insert([replace(new, image=read)], source=document.layer)
    back = worst(colours(layer), colours(own(same)), precision)
    image.delete()
    return read.format, kept, shown, back


def own(result):
    """Where a result's pixels are."""
    return result.get_children()[0] if result.is_group() else result


def colours(layer):
    """A layer's stored samples without alpha."""
    data, size = pixels(layer), layer.get_bpp()
    depth = layer.get_image().get_precision().value_nick.partition("-")[0]
    kept = size - BYTES[depth] * layer.has_alpha()
    return b"".join(data[k : k + kept] for k in range(0, len(data), size))


def cut(data, image):
    """The unchanged right part of what is visible."""
    row = len(data) // image.get_height()
    size = row // image.get_width()
    return b"".join(data[k + RIGHT * size : k + row] for k in range(0, len(data), row))


def worst(a, b, precision):
    """The largest difference of samples, as a part of white."""
    if a == b:
        return 0.0
    form = {"u8": "B", "u16": "H", "u32": "I", "half": "e", "float": "f", "double": "d"}
    depth = precision.partition("-")[0]
    count = len(a) // BYTES[depth]
    white = {"u8": 255, "u16": 65535, "u32": 2**32 - 1}.get(depth, 1.0)
    x, y = (struct.unpack(f"<{count}{form[depth]}", data) for data in (a, b))
    return max(abs(p - q) for p, q in zip(x, y, strict=True)) / white


def worst_shown(layer, new):
    """How far the changed pixels are from the daemon's, in the format that it speaks."""
    names = {"rgba8": "R'G'B'A u8", "graya8": "Y'A u8", "rgba16": "R'G'B'A u16"}
    back = pixels(layer, names.get(new.image.format, "R'G'B'A float"))
    form, white = {"rgba16": ("H", 65535), "rgbaf32": ("f", 1.0)}.get(new.image.format, ("B", 255))
    count = len(back) // struct.calcsize(form)
    got, sent = (struct.unpack(f"<{count}{form}", data) for data in (back, new.image.data))
    channels = count // (new.image.width * new.image.height)
    alpha = range(channels - 1, count, channels)
    pairs = enumerate(zip(got, sent, strict=True))
    return max(abs(p - q) for k, (p, q) in pairs if k not in alpha) / white


def allowed(depth, base, profile, alpha):
    """The largest errors, as parts of white, that the format's own steps and GEGL's make."""
    fine = depth in ("u32", "float", "double")
    # GIMP composes in floats of 24 bits, and gray as a sum of three colours.
    kept = 1e-6 if base == GRAY and alpha and fine else 0
    back = {"u8": 0, "u16": 6e-4 if profile else 0, "half": 1e-3}.get(depth, 6e-4)
    return kept, back


def wire(depth, curve, base, profile):
    if curve == "linear" or profile or depth not in ("u8", "u16"):
        return "rgbaf32"
    if depth == "u16":
        return "rgba16"
    return "graya8" if base == GRAY else "rgba8"


SHOWN = {"u8": 0.06, "u16": 6e-4, "half": 6e-3}  # of the format's own steps
for depth, curve, alpha in itertools.product(DEPTHS, CURVES, (False, True)):
    for base, profile in ((RGB, ""), (GRAY, ""), (RGB, "adobe")):
        form, kept, shown, back = check(f"{depth}-{curve}", base, profile, alpha)
        told = (
            f"{depth}-{curve} {base.value_nick} {profile} alpha {alpha}: {form}, kept {kept:.2g}, "
        )
        told += f"shown {shown:.2g}, back {back:.2g}"
        assert form == wire(depth, curve, base, profile), told
        most_kept, most_back = allowed(depth, base, profile, alpha)
        assert kept <= most_kept and back <= most_back, told
        assert shown <= (0 if form != "rgbaf32" else SHOWN.get(depth, 6e-4)), told
