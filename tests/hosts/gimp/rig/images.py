"""What scenarios do with images, layers and procedures inside GIMP; every name is at hand there."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

Gegl.init(None)

OUT = Path(os.environ["RIG_OUT"])
PROCEDURE = "plug-in-draggan"


def load(name):
    """An image of the output folder."""
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, _file(name))


def save(image, name):
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, _file(name), None), why()


def export(image, name):
    """By the name's ending; GIMP would keep the options of the export in the image itself."""
    copy = image.duplicate()
    save(copy, name)
    copy.delete()


def save_8_bit(image, name):
    """A PNG in 8-bit sRGB, whatever the image is."""
    copy = image.duplicate()
    if copy.get_base_type() != Gimp.ImageBaseType.RGB:
        copy.convert_rgb()
    copy.convert_color_profile(
        Gimp.ColorProfile.new_rgb_srgb(), Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC, True
    )
    if copy.get_precision() != Gimp.Precision.U8_NON_LINEAR:
        copy.convert_precision(Gimp.Precision.U8_NON_LINEAR)
    copy.flatten()
    save(copy, name)
    copy.delete()


def why():
    """The sentence of the last call that failed."""
    return Gimp.get_pdb().get_last_error()


def procedure():
    return Gimp.get_pdb().lookup_procedure(PROCEDURE)


class Returned(NamedTuple):
    """What the procedure has brought: success, "cancelled" or False; why; the layer."""

    well: object
    sentence: str
    layer: object


def drag(image, *layers, mode=Gimp.RunMode.NONINTERACTIVE, **arguments):
    """Call the plug-in as a script does.

    Arguments are written with "_" for "-". GIMP only warns about a value that it does not take.
    """
    config = procedure().create_config()
    config.set_property("run-mode", mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", list(layers))
    for name, value in arguments.items():
        config.set_property(name.replace("_", "-"), value)
    returned = procedure().run(config)
    status = returned.index(0)
    if status == Gimp.PDBStatusType.SUCCESS:
        return Returned(True, "", returned.index(1) if returned.length() > 1 else None)
    return Returned("cancelled" if status == Gimp.PDBStatusType.CANCEL else False, why(), None)


def tree(image):
    """All layers from the top: [name, "group" or "layer", visible, masked, children]."""
    return [_branch(layer) for layer in image.get_layers()]


def _branch(layer):
    group = layer.is_group()
    below = [_branch(child) for child in layer.get_children()] if group else []
    kind = "group" if group else "layer"
    return [layer.get_name(), kind, layer.get_visible(), layer.get_mask() is not None, below]


def state(image):
    """All that a user could lose, by names."""
    layers = list(_all_layers(image.get_layers()))
    return {
        "tree": tree(image),
        "places": [layer.get_offsets()[1:] for layer in layers],
        "pixels": [digest(layer) for layer in layers],
        "selection": digest(image.get_selection()),
        "paths": [path.get_name() for path in image.get_paths()],
        "parasites": [name for name in sorted(image.get_parasite_list()) if not _of_gimp(name)],
        "parasites of layers": [sorted(layer.get_parasite_list()) for layer in layers],
        "size": [image.get_width(), image.get_height()],
        "to be saved": image.is_dirty(),
    }


def _of_gimp(parasite):
    """GIMP keeps the last arguments of each filter in the image, too."""
    return parasite.startswith("GimpProcedureConfigRun-")


def changes(image, before):
    """What differs from an earlier `state`; [] if nothing does."""
    now = json.loads(json.dumps(state(image)))
    return [[name, now[name]] for name in now if now[name] != before[name]]


def _all_layers(layers):
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from _all_layers(layer.get_children())


def write_visible(image, name):
    """What is seen of an image, bit for bit in its own format; returns [width, height]."""
    layer = Gimp.Layer.new_from_visible(image, image, "visible")
    (OUT / name).write_bytes(bytes(_native(layer)))
    return [image.get_width(), image.get_height()]


def write_pixels(drawable, name):
    """Without its mask, bit for bit in its own format."""
    (OUT / name).write_bytes(bytes(_native(drawable)))


def write_coverage(layer, name):
    """A layer's mask as bytes, 0 where the layer shows nothing; returns [left, top, w, h]."""
    mask = layer.get_mask()
    assert mask is not None, f"{layer.get_name()} has no mask"
    width, height = layer.get_width(), layer.get_height()
    _, left, top = layer.get_offsets()
    (OUT / name).write_bytes(_pixels(mask, width, height, "Y float"))
    return [left, top, width, height]


def write_selection(image, name):
    width, height = image.get_width(), image.get_height()
    (OUT / name).write_bytes(_pixels(image.get_selection(), width, height, "Y float"))


def _native(drawable):
    return _pixels(drawable, drawable.get_width(), drawable.get_height(), None)


def _pixels(drawable, width, height, form):
    area = Gegl.Rectangle.new(0, 0, width, height)
    return drawable.get_buffer().get(area, 1.0, form, Gegl.AbyssPolicy.NONE)


def digest(drawable):
    return hashlib.sha256(bytes(_native(drawable))).hexdigest()


def finer_than_8_bits(layer):
    """The share of samples that 8 bits cannot hold."""
    if layer.get_image().get_precision() == Gimp.Precision.U8_NON_LINEAR:
        return 0.0
    pixels = _pixels(layer, layer.get_width(), layer.get_height(), "R'G'B' u16")
    samples = memoryview(bytes(pixels)).cast("H")[:: layer.get_width() + 1]
    return sum(sample % 257 != 0 for sample in samples) / len(samples)


def script_fu(code):
    """Run Script-Fu: (well or not, sentence)."""
    evaluate = Gimp.get_pdb().lookup_procedure("plug-in-script-fu-eval")
    config = evaluate.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("code" if _has(config, "code") else "script", code)
    returned = evaluate.run(config)
    well = returned.index(0) == Gimp.PDBStatusType.SUCCESS
    return well, "" if well else why()


def _has(config, name):
    return config.find_property(name) is not None


def _file(name):
    return Gio.File.new_for_path(str(OUT / name))
