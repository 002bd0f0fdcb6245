"""One document of Krita's, for as long as it is open: its size, layers, pixels and notes."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

from krita import Krita

from ..draggan_wire.crop import Box, Crop
from ..draggan_wire.messages import Image
from ..draggan_wire.pixels import BYTES_PER_PIXEL, is_opaque
from ..qt import QtCore
from . import layers, pixels
from .animation import AnimationExport
from .gamut import is_wider_than_srgb
from .scratch import Workshop, space_of
from .stand_in import StandIns

NOTE, NOTE_TITLE = "draggan", "A DragGAN edit that can be taken up again"


def active_document() -> Optional[KritaDocument]:
    """The document that the user works on, if any."""
    found = Krita.instance().activeDocument()
    return None if found is None or found.rootNode() is None else KritaDocument(found)


class KritaDocument:
    """Speaks for a document; `key` tells documents apart while Krita runs."""

    def __init__(self, document: Any) -> None:
        self.raw = document
        self.key = layers.id_of(document.rootNode())
        self._active = layers.ActiveLayer(document)
        self._workshop = Workshop()
        self._stand_ins = StandIns(document)

    @property
    def alive(self) -> bool:
        """Whether it is still open: Krita's object outlives its document."""
        return self.raw in Krita.instance().documents() and self.raw.rootNode() is not None

    @property
    def size(self) -> Tuple[int, int]:
        return self.raw.width(), self.raw.height()

    @property
    def bytes_per_pixel(self) -> int:
        """Of the format in which its pixels are read."""
        return BYTES_PER_PIXEL[pixels.working_format(self.raw.rootNode())]

    def frame(self, layer: str) -> Crop:
        """All of the document: a layer of Krita's has no bounds of its own."""
        return Crop(0, 0, *self.size)

    @property
    def keeps_srgb(self) -> bool:
        """Whether an sRGB layer looks in it as it is."""
        return not is_wider_than_srgb(self.raw)

    @property
    def description(self) -> str:
        """For the diagnostics: no names, no pixels."""
        raw = self.raw
        size = "{} x {}".format(*self.size)
        return f"{size}, {raw.colorModel()}/{raw.colorDepth()}, {raw.colorProfile()}"

    # Reading.

    def selection_box(self) -> Optional[Box]:
        """The selection's bounds inside the document, None without one."""
        found = self.raw.selection()
        if found is None:
            return None
        left, top = max(found.x(), 0), max(found.y(), 0)
        right = min(found.x() + found.width(), self.raw.width())
        bottom = min(found.y() + found.height(), self.raw.height())
        return (left, top, right, bottom) if right > left and bottom > top else None

    def read_selection(self, crop: Crop) -> Optional[Image]:
        return pixels.read_selection(self.raw, crop)

    def read_visible(self, crop: Crop, *, without: Sequence[str] = ()) -> Image:
        """What the document shows, or would show without some nodes."""
        with layers.hidden(self.raw, without):
            self.raw.waitForDone()
            return pixels.read_node(self.raw.rootNode(), crop, self._workshop)

    def read_layer(self, uid: str, crop: Crop) -> Optional[Image]:
        """What one layer shows, None when it is gone."""
        node = layers.find(self.raw, uid)
        self.raw.waitForDone()
        return None if node is None else pixels.read_node(node, crop, self._workshop)

    def active_layer(self) -> str:
        return layers.active_id(self.raw)

    def is_inside(self, uid: str, group: str) -> bool:
        """Whether a node is the group or stands somewhere in it."""
        node = layers.find(self.raw, uid)
        while node is not None:
            if layers.id_of(node) == group:
                return True
            node = node.parentNode()
        return False

    def shows(self, uid: str) -> bool:
        """Whether the node is there, visible, and so is all that it stands in."""
        node = layers.find(self.raw, uid)
        if node is None:
            return False
        while node is not None:
            if not node.visible():
                return False
            node = node.parentNode()
        return True

    # Layers of ours.

    def add_layer(self, new: layers.NewLayer, *, group: str = "", above: str = "") -> layers.Added:
        """See `layers.add_layer`; the user's active layer becomes active again by itself."""
        added = layers.add_layer(self.raw, new, self._workshop, group=group, above=above)
        self._active.expect(added)
        self.watch(added.group, above)
        return added

    def watch(self, group: str, layer: str) -> None:
        """Where a group of ours stands in for a layer, only one of them is to be seen."""
        self._stand_ins.expect(group, layer)
        self._stand_ins.settle()

    def shines_through(self, uid: str, image: Image) -> bool:
        """Whether below a layer ("": everything) that looks so something else is to be seen."""
        node = layers.find(self.raw, uid)
        plain = node is None or (node.blendingMode(), node.opacity()) == (layers.NORMAL, 255)
        return not (plain and is_opaque(image))

    def finish(
        self,
        added: layers.Added,
        name: str,
        image: Image,
        crop: Crop,
        changed: Optional[Image],
    ) -> bool:
        """See `layers.finish`."""
        return layers.finish(self.raw, added, name, image, crop, changed, self._workshop)

    def with_earlier(
        self, changed: Optional[Image], uids: Sequence[str], crop: Crop
    ) -> Optional[Image]:
        """See `layers.with_earlier`."""
        return layers.with_earlier(self.raw, changed, uids, crop)

    def export(
        self, frames: Sequence[Image], crop: Crop, *, group: str, above: str, clears: bool = False
    ) -> AnimationExport:
        """Begins to make an animated layer of the frames."""
        workshop = self._workshop
        export = AnimationExport(
            self.raw, frames, crop, workshop, group=group, above=above, clears=clears
        )
        self.watch(export.group, above)
        return export

    def prepare(self) -> None:
        """A layer will be added soon: what takes longest is done now."""
        self._workshop.document(space_of(self.raw))

    def settle(self, *, at_work: bool) -> None:
        """Tidies up after Krita; to be called every now and then."""
        self._active.settle()
        self._stand_ins.settle()
        if not at_work:
            self._workshop.settle()

    def close(self) -> None:
        """Nothing more is wanted of it."""
        self._workshop.close()

    # Notes in the file.

    def read_note(self) -> bytes:
        """The edit that the document carries, b"" for none."""
        if NOTE not in self.raw.annotationTypes():
            return b""
        return bytes(self.raw.annotation(NOTE))

    def write_note(self, data: bytes) -> None:
        self.raw.setAnnotation(NOTE, NOTE_TITLE, QtCore.QByteArray(data))
        self.raw.setModified(True)
