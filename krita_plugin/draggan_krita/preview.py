"""How steps are shown while an edit is under way: on a locked layer, or painted over the canvas.

On the layer they blend as the result will, but Krita composes the whole document for each; where
that takes long, and for steps that are only looked at, they are painted over the canvas.
Standard library only; layers through `host.layers`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, Optional

from .draggan_wire.crop import Crop
from .draggan_wire.messages import Image
from .host import layers

if TYPE_CHECKING:
    from .host.document import KritaDocument

AFFORDABLE = 0.06  # seconds that showing one step on the layer may take
TOO_OFTEN = 3  # times in a row that it takes longer, and the layer is left alone
LARGEST = 2600 * 2600  # pixels of a document for which a layer is tried at all
NAME = "DragGAN is dragging..."

Painter = Callable[[Optional[Image], Optional[Crop]], None]


class Preview:
    """The step on show, in one of the two ways; `paint` paints over the canvas, None ends it."""

    def __init__(
        self,
        document: KritaDocument,
        paint: Painter,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._document = document
        self._paint = paint
        self._clock = clock
        self._added: Optional[layers.Added] = None
        self._slow = 0  # steps in a row that have taken too long on the layer
        self._given_up = False  # the user has taken the layer out of this drag

    @property
    def group(self) -> str:
        """The group that the layer stands in, "" without a layer."""
        return self._added.group if self._added else ""

    def begin(self) -> None:
        """A new drag: what an earlier one has found out is forgotten."""
        self._slow, self._given_up = 0, False

    def show(self, new: layers.NewLayer, *, on_layer: bool, group: str, above: str) -> None:
        """Shows a step in place of the one before; `new` is the layer that it may become."""
        image, crop = new.image, new.crop
        fits = (image.width, image.height) == (crop.width, crop.height)
        width, height = self._document.size
        affordable = self._slow < TOO_OFTEN and width * height <= LARGEST
        faithful = self._document.keeps_srgb  # else each step would have to be made up for
        if on_layer and fits and affordable and faithful and not self._given_up:
            self._show_on_layer(new, group, above)
        else:
            self._paint(image, crop)

    def _show_on_layer(self, new: layers.NewLayer, group: str, above: str) -> None:
        image, crop = new.image, new.crop
        raw, begin = self._document.raw, self._clock()
        if self._added is None:
            self._paint(None, None)
            self._added = self._document.add_layer(new, group=group, above=above)
            return
        if not layers.rewrite(raw, self._added, image, crop):
            self._added, self._given_up = None, True
            self._paint(image, crop)
            return
        self._slow = self._slow + 1 if self._clock() - begin > AFFORDABLE else 0

    def become(
        self, name: str, image: Image, crop: Crop, changed: Optional[Image]
    ) -> Optional[layers.Added]:
        """Turns the layer into the result; None where there is no such layer (any more)."""
        added, self._added = self._added, None
        self._paint(None, None)
        if added is None:
            return None
        kept = self._document.finish(added, name, image, crop, changed)
        return added if kept else None

    def clear(self) -> None:
        """Shows nothing any more."""
        added, self._added = self._added, None
        self._paint(None, None)
        if added is not None and self._document.alive:
            layers.remove(self._document.raw, added)
