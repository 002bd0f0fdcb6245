"""An image of GIMP's in memory, as far as drags need it (`draggan_studio.host.document`).

A layer is a whole image of rgba8; what is inserted lies over them, as GIMP would show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.gimp_plugin import load

crop_module = load("draggan_wire.crop")
errors = load("draggan_wire.errors")
pixels = load("draggan_wire.pixels")
Screen = load("screen").Screen
Crop, Image = crop_module.Crop, pixels.Image

LAYER, OTHER = "7", "8"  # ids of layers
RESULT = "the result's layer"


class FakeDocument:
    """One grey layer that covers the image, or `frame` of it; what is inserted is kept."""

    def __init__(self, width: int = 64, height: int = 48, frame: Any = None) -> None:
        self.size = (width, height)
        self.bytes_per_pixel = 4
        self.form = "rgba8"
        self.selected_box: tuple[int, int, int, int] | None = None
        self.paths: dict[str, Any] = {}
        self.selected_path = ""
        self.inserted: list[Any] = []
        self.hidden: list[tuple[str, ...]] = []
        self.noted = b""
        self.broken: Exception | None = None
        self.closed = False
        self.ended = 0
        self.layer = LAYER
        self.pictures: dict[str, Any] = {}
        self.results: dict[str, Any] = {}  # the layers that were inserted, by their ids
        self.shown_live: list[Any] = []
        self._frame = frame or Crop(0, 0, width, height)
        self.add(LAYER, 0x80)

    def add(self, layer: str, grey: int) -> None:
        """Another layer, below those that there are; opaque."""
        picture = np.full((self.size[1], self.size[0], 4), grey, np.uint8)
        picture[..., 3] = 255
        self.pictures[layer] = picture

    def paint(self, box: tuple[int, int, int, int], grey: int, layer: str = LAYER) -> None:
        """What the user does to a layer of theirs meanwhile."""
        left, top, right, bottom = box
        self.pictures[layer][top:bottom, left:right, :3] = grey

    @property
    def description(self) -> str:
        return "64 x 48, RGB"

    def active_layer(self) -> str:
        return self.layer

    def work_on(self, layer: str) -> None:
        self._check()
        if layer not in self.pictures:
            raise errors.BadInput("The layer has been deleted.", hint="Undo that.")
        self.layer = layer

    def frame(self, layer: str) -> Any:
        self._check()
        return self._frame if layer else Crop(0, 0, *self.size)

    def read_visible(self, crop: Any, *, without: Any = ()) -> Any:
        self._check()
        seen = next(iter(self.pictures.values())).copy()
        for layer_id, layer in self.results.items():
            if layer.visible and layer_id not in {*self.superseded, *without}:
                at = (_rows(layer.crop), _columns(layer.crop))
                seen[at] = np.where(_pixels(layer.changed) > 0, _pixels(layer.image), seen[at])
        return self._read(seen, crop)

    @property
    def superseded(self) -> set[str]:
        return {layer for hidden in self.hidden for layer in hidden}

    def read_layer(self, layer: str, crop: Any) -> Any:
        self._check()
        if layer in self.results:
            return self.results[layer].image
        return self._read(self.pictures[layer], crop) if layer in self.pictures else None

    def _read(self, picture: Any, crop: Any) -> Any:
        if crop.width * crop.height * self.bytes_per_pixel > pixels.MAX_BUFFER:
            raise errors.LimitExceeded("The picture is too large to send.", hint="Scale it down.")
        part = np.ascontiguousarray(picture[_rows(crop), _columns(crop)])
        if self.form == "rgba16":
            part = part.astype("<u2") * 257
        return Image(self.form, crop.width, crop.height, part.tobytes())

    def selection_box(self) -> Any:
        self._check()
        return self.selected_box

    def read_selection(self, crop: Any) -> Any:
        self._check()
        if self.selected_box is None:
            return None
        left, top, right, bottom = self.selected_box
        inside = bytes(
            255 if left <= x < right and top <= y < bottom else 0
            for y in range(crop.top, crop.top + crop.height)
            for x in range(crop.left, crop.left + crop.width)
        )
        return Image("gray8", crop.width, crop.height, inside)

    def path_lines(self, name: str = "") -> Any:
        name = name or self.selected_path
        if name not in self.paths:
            said = f"There is no path {name!r}." if name else "The image has no path."
            raise errors.BadInput(said, hint="Draw one.")
        return self.paths[name]

    def read_note(self) -> bytes:
        return self.noted

    def write_note(self, data: bytes) -> None:
        self.noted = data

    def insert(
        self,
        layers: Sequence[Any],
        *,
        source: str,
        hidden: Sequence[str],
        note: Callable[[str, tuple[str, ...]], bytes],
    ) -> str:
        self._check()
        if source and source not in self.pictures:
            raise errors.BadInput("The layer has been deleted.", hint="Undo that.")
        if self.broken:
            raise self.broken
        ids = tuple(str(100 + len(self.results) + n) for n in range(len(layers)))
        noted = note("group", ids)
        self.results.update(zip(ids, layers, strict=True))
        self.inserted.append((tuple(layers), source))
        self.hidden.append(tuple(hidden))
        self.noted = noted or self.noted
        return RESULT

    # For the screen: bytes of rgba8 stand for cairo's.

    def screen(self, image: Any) -> Any:
        return Screen(image.width, image.height, bytes(image.data))

    def small(self, image: Any, longest: int) -> Any:
        return image

    def read_screen(self, layer: str, crop: Any, width: int, height: int) -> Any:
        self._check()
        if layer and layer not in self.pictures:
            raise errors.BadInput("The layer has been deleted.", hint="Undo that.")
        picture = self.pictures[layer or LAYER][_rows(crop), _columns(crop)]
        ys = (np.arange(height) * crop.height // height).astype(int)
        xs = (np.arange(width) * crop.width // width).astype(int)
        return Screen(width, height, picture[ys][:, xs].tobytes())

    def show_live(self, image: Any, crop: Any) -> None:
        self.shown_live.append((image, crop))

    def end_live(self) -> None:
        self.shown_live.clear()

    def close(self) -> None:
        self.ended += 1

    def _check(self) -> None:
        if self.closed:
            raise errors.BadInput("The image has been closed.", hint="Open it again.")


def _rows(crop: Any) -> slice:
    return slice(crop.top, crop.top + crop.height)


def _columns(crop: Any) -> slice:
    return slice(crop.left, crop.left + crop.width)


def _pixels(image: Any) -> Any:
    return np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, -1)
