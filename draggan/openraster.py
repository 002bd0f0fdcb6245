"""Layered pictures as OpenRaster 0.0.5 files; imports Pillow and numpy, never torch.

The format (https://www.openraster.org) is a zip archive: `mimetype`, first and uncompressed;
`stack.xml` with the tree of layers, topmost first; one PNG per layer under `data/`; the flat
picture as `mergedimage.png`; and `Thumbnails/thumbnail.png`. Krita, GIMP and MyPaint open it.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from draggan.writing import replacing

_THUMBNAIL_SIDE = 256


@dataclass(frozen=True)
class Layer:
    """array: uint8 (H, W, 3 or 4), its top left corner at column x, row y of the canvas."""

    name: str
    array: np.ndarray
    x: int = 0
    y: int = 0
    visible: bool = True


@dataclass(frozen=True)
class Group:
    """Layers under one name; the topmost comes first."""

    name: str
    layers: tuple[Layer, ...]
    visible: bool = True


def write_openraster(
    path: str | Path, stack: Sequence[Layer | Group], *, merged: np.ndarray
) -> None:
    """Writes `path` atomically. Raises CannotWrite.

    stack: topmost first; merged: uint8 (H, W, 3 or 4), what the visible layers look like together,
    in the size of the canvas.
    """
    height, width = merged.shape[:2]
    image = ET.Element("image", version="0.0.5", w=str(width), h=str(height), xres="72", yres="72")
    layers = list(_describe(stack, ET.SubElement(image, "stack")))
    xml = ET.tostring(image, encoding="UTF-8", xml_declaration=True)
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        _put(archive, "mimetype", b"image/openraster")
        _put(archive, "stack.xml", xml, zipfile.ZIP_DEFLATED)
        for source, layer in layers:
            _put(archive, source, _png(layer.array))
        _put(archive, "mergedimage.png", _png(merged))
        _put(archive, "Thumbnails/thumbnail.png", _thumbnail(merged))


def crop_to_change(name: str, array: np.ndarray, below: np.ndarray, *, visible: bool) -> Layer:
    """The smallest layer that turns `below` into `array` (both (H, W, 3 or 4), same shape).

    Where the picture has transparency the whole of it is kept: half-transparent pixels laid over
    their like would come out denser than either.
    """
    changed = (array != below).any(axis=2)  # (H, W)
    if array.shape[2] == 4 or not changed.any():
        return Layer(name, array, visible=visible)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    part = array[top:bottom, left:right].copy()  # a view would keep the whole picture alive
    return Layer(name, part, int(left), int(top), visible)


def _describe(
    stack: Sequence[Layer | Group], parent: ET.Element, first: int = 0
) -> Iterator[tuple[str, Layer]]:
    """Fills `parent`, and yields each layer with its name in the archive."""
    number = first
    for entry in stack:
        if isinstance(entry, Group):
            group = ET.SubElement(parent, "stack", _attributes(entry.name, entry.visible))
            yield from _describe(entry.layers, group, number)
            number += len(entry.layers)
            continue
        source = f"data/layer{number}.png"
        place = {"src": source, "x": str(entry.x), "y": str(entry.y)}
        ET.SubElement(parent, "layer", {**_attributes(entry.name, entry.visible), **place})
        yield source, entry
        number += 1


def _attributes(name: str, visible: bool) -> dict[str, str]:
    return {
        # XML 1.0 has no way to write a control character.
        "name": "".join(character for character in name if character.isprintable()),
        "visibility": "visible" if visible else "hidden",
        "opacity": "1.0",
        "composite-op": "svg:src-over",
    }


def _put(
    archive: zipfile.ZipFile, name: str, content: bytes, method: int = zipfile.ZIP_STORED
) -> None:
    # A fixed date: the same edit gives the same bytes.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, compress_type=method)


def _png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    # Krita and GIMP write layers with alpha; some readers expect nothing else.
    Image.fromarray(array).convert("RGBA").save(buffer, format="PNG", compress_level=4)
    return buffer.getvalue()


def _thumbnail(array: np.ndarray) -> bytes:
    image = Image.fromarray(array)
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    return _png(np.asarray(image))
