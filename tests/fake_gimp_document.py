"""An image of GIMP's in memory, as far as drags need it (`draggan_studio.host.document`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.gimp_plugin import load

crop_module = load("draggan_wire.crop")
errors = load("draggan_wire.errors")
pixels = load("draggan_wire.pixels")
Crop, Image = crop_module.Crop, pixels.Image

LAYER = "7"  # the id of the one layer
RESULT = "the result's layer"


class FakeDocument:
    """One grey layer that covers the image, or `frame` of it; what is inserted is kept."""

    def __init__(self, width: int = 64, height: int = 48, frame: Any = None) -> None:
        self.size = (width, height)
        self.bytes_per_pixel = 4
        self.selected_box: tuple[int, int, int, int] | None = None
        self.paths: dict[str, Any] = {}
        self.selected_path = ""
        self.inserted: list[Any] = []
        self.noted = b""
        self.broken: Exception | None = None
        self._frame = frame or Crop(0, 0, width, height)

    @property
    def layer(self) -> str:
        return LAYER

    def active_layer(self) -> str:
        return LAYER

    def frame(self, layer: str) -> Any:
        return self._frame if layer else Crop(0, 0, *self.size)

    def read_visible(self, crop: Any) -> Any:
        return Image("rgba8", crop.width, crop.height, b"\x80\x80\x80\xff" * self._area(crop))

    def read_layer(self, layer: str, crop: Any) -> Any:
        return self.read_visible(crop)

    def selection_box(self) -> Any:
        return self.selected_box

    def read_selection(self, crop: Any) -> Any:
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
        return b""

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
        if self.broken:
            raise self.broken
        self.inserted.append((tuple(layers), source))
        self.noted = note("group", tuple(str(n) for n in range(len(layers))))
        return RESULT

    def close(self) -> None:
        pass

    @staticmethod
    def _area(crop: Any) -> int:
        return int(crop.width * crop.height)
