"""A layer of ours that shows steps in the image itself, and leaves no undo step behind.

It is locked but for the moment of each write: what a user painted on it would be lost. A user may
remove it, lock a group around it or close the image at any time.
"""

from __future__ import annotations

from typing import Any

from gi.repository import Gimp

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Image
from ..draggan_wire.workbench.received import check_size
from . import pixels
from .layers import is_locked, keeping_selected, new_layer, parents, place_above, without_undo

NAME = "DragGAN (while the dialog is open)"


class LiveLayer:
    """At most one layer in one image, above `source` (None: on top of everything)."""

    def __init__(self, image: Any, source: Any) -> None:
        self._image, self._source = image, source
        self._layer: Any = None
        self._crop = Crop(0, 0, 0, 0)

    def show(self, image: Image, crop: Crop) -> None:
        """Shows a step; one that the user has removed stays away until the next `end`."""
        check_size(image, crop)
        with without_undo(self._image):
            if self._layer is not None and self._crop != crop:
                self.end()
            if self._layer is None:
                self._insert(image, crop)
            elif self._layer.is_valid() and not any(map(_locks, parents(self._layer))):
                self._layer.set_lock_content(False)
                if not is_locked(self._layer):
                    pixels.write(self._layer, image)
                self._layer.set_lock_content(True)
        Gimp.displays_flush()

    def end(self) -> None:
        """Takes the layer away, if it is still there."""
        layer, self._layer = self._layer, None
        if layer is None or not self._image.is_valid() or not layer.is_valid():
            return
        with without_undo(self._image), keeping_selected(self._image):
            layer.set_lock_content(False)
            self._image.remove_layer(layer)
        Gimp.displays_flush()

    def set_visible(self, visible: bool) -> None:
        """Out of sight while everything visible is read."""
        if self._layer is not None and self._layer.is_valid():
            with without_undo(self._image):
                self._layer.set_visible(visible)

    def _insert(self, image: Image, crop: Crop) -> None:
        layer = new_layer(self._image, NAME, crop)
        pixels.write(layer, image)
        source = self._source if self._source is not None and self._source.is_valid() else None
        with keeping_selected(self._image):
            self._image.insert_layer(layer, *place_above(self._image, source))
        layer.set_lock_content(True)
        self._layer, self._crop = layer, crop


def _locks(item: Any) -> bool:
    return bool(item.get_lock_content())
