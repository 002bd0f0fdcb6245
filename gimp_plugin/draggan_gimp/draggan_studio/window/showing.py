"""What the dialog's preview and the image show of an edit: source, step, selection; no Gtk itself.

The picture area draws what is set here. With "Show steps in the image", steps are also written to a
layer of ours that goes with the dialog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Tuple

from ..draggan_wire.crop import Crop
from ..draggan_wire.errors import WireError
from ..draggan_wire.messages import Image
from ..draggan_wire.workbench.region import can_be_sent
from ..sampled import laid_on_screen

if TYPE_CHECKING:
    from ..canvas import GimpCanvas
    from ..host.document import GimpDocument
    from ..screen import Screen
    from ..studio import GimpStudio
    from .picture_area import PictureArea

LONGEST = 4096  # pixels of the source's picture: finer would cost more than it shows


class Showing:
    """Keeps the picture area up to date; `refuse` hears why the source cannot be shown."""

    def __init__(
        self, document: GimpDocument, area: PictureArea, refuse: Callable[[WireError], None]
    ) -> None:
        self._document, self._area, self._refuse = document, area, refuse
        self._base: object = None  # what the base has been read for
        self._step: Tuple[Optional[Image], Crop] = (None, Crop(0, 0, 1, 1))
        self._live = False

    def show(self, image: Optional[Image], crop: Crop) -> None:
        """A canvas's `Show`: a step in place of the opened picture."""
        self._step = image, crop
        self._area.show_step(self._document.screen(image) if image else None, crop)
        self._show_live()

    def follow(self, studio: GimpStudio, canvas: GimpCanvas) -> None:
        """To be called when the studio has changed."""
        self._area.tool, self._area.brush = studio.tool, studio.brush
        self._area.busy = studio.busy or studio.ending
        self._area.show_drawing(studio.drawing)
        if studio.settings.live != self._live:
            self._live = studio.settings.live
            self._show_live()
        source = (studio.settings.source, self._document.layer, len(canvas.beneath))
        wanted = (*source, studio.settings.mask, studio.painted)
        if wanted != self._base:
            self._base = wanted
            self.look_again(studio, canvas)

    def look_again(self, studio: GimpStudio, canvas: GimpCanvas) -> None:
        """Reads source and selection anew: the user may have changed them in GIMP."""
        try:
            layer = self._document.layer if studio.settings.source == "layer" else ""
            frame = self._document.frame(layer)
            self._area.show_base(self._read(canvas, layer, frame), frame)
            dims = studio.settings.mask == "selection" and not studio.painted
            mask = None
            if dims and can_be_sent(frame, 1):
                mask = self._document.read_selection(frame)
            self._area.show_selection(bytes(mask.data) if mask else None, frame)
        except WireError as error:
            self._refuse(error)

    def end(self) -> None:
        """Takes the layer out of the image again."""
        self._live = False
        self._document.end_live()

    def _read(self, canvas: GimpCanvas, layer: str, frame: Crop) -> Screen:
        smaller = min(1.0, LONGEST / max(frame.width, frame.height))
        width, height = round(frame.width * smaller), round(frame.height * smaller)
        screen = self._document.read_screen(layer, frame, max(width, 1), max(height, 1))
        for older in canvas.beneath:
            over = self._document.screen(older.image)
            screen = laid_on_screen(screen, frame, over, older.crop, older.changed)
        return screen

    def _show_live(self) -> None:
        image, crop = self._step
        whole = image is not None and (image.width, image.height) == (crop.width, crop.height)
        try:
            if self._live and image is not None and whole:
                self._document.show_live(image, crop)
            elif not self._live or image is None:
                self._document.end_live()
        except WireError as error:  # the edit goes on without it
            self._refuse(error)
