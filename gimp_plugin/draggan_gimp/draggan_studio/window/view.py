"""Which part of the document the picture area shows, and how large; imports no Gtk and no cairo.

Widget points are logical pixels of the screen, document points are pixels of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Point

FRAME = 12.0  # logical pixels that stay free on each side of a picture that is fitted
IN_SIGHT = 48.0  # logical pixels of the picture that cannot be pushed out of the area
LARGEST = 64.0  # pixels of the screen for one of the document
SMALLEST = 0.25  # of the size that fits

Rectangle = Tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class View:
    """`zoom` logical pixels for each of the document, whose corner (0, 0) is at `left`, `top`."""

    zoom: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def to_widget(self, point: Point) -> Point:
        return self.left + point[0] * self.zoom, self.top + point[1] * self.zoom

    def to_document(self, point: Point) -> Point:
        return (point[0] - self.left) / self.zoom, (point[1] - self.top) / self.zoom

    def place(self, crop: Crop) -> Rectangle:
        """Where in the widget a part of the document lies."""
        left, top = self.to_widget((crop.left, crop.top))
        return left, top, crop.width * self.zoom, crop.height * self.zoom


class Viewport:
    """The view of an area of changing size; the picture in it always stays in reach.

    Fitted, until the user zooms or pans: then it keeps the middle of the area in the middle.
    """

    def __init__(self) -> None:
        self._view = View()
        self._box = Crop(0, 0, 1, 1)
        self._size = (1.0, 1.0)
        self._scale = 1.0
        self._fitted = True

    @property
    def view(self) -> View:
        return self._view

    @property
    def percent(self) -> float:
        """100 where a pixel of the document is one of the screen."""
        return self._view.zoom * self._scale * 100

    def show(self, box: Crop) -> None:
        """The part of the document that there is to see; another one than before is fitted."""
        if box != self._box:
            self._box = box
            self.fit()

    def resize(self, width: float, height: float, scale: float = 1.0) -> None:
        """The area in logical pixels, each of them `scale` pixels of the screen wide."""
        right, down = (width - self._size[0]) / 2, (height - self._size[1]) / 2
        self._size, self._scale = (max(width, 1.0), max(height, 1.0)), scale
        if self._fitted:
            self.fit()
        else:
            self._become(self._view.zoom, self._view.left + right, self._view.top + down)

    def fit(self) -> None:
        """All of the picture, as large as there is room."""
        zoom = self._fitting_zoom()
        middle = self._box.left + self._box.width / 2, self._box.top + self._box.height / 2
        x, y = self._middle
        self._become(zoom, x - middle[0] * zoom, y - middle[1] * zoom)
        self._fitted = True

    def actual_size(self) -> None:
        """One pixel of the screen for each of the document."""
        self._zoom_to(1 / self._scale, self._middle)

    def zoom_by(self, factor: float, at: Point) -> None:
        """What is under the widget point `at` stays there."""
        self._zoom_to(self._view.zoom * factor, at)

    def zoom_in_the_middle(self, factor: float) -> None:
        self.zoom_by(factor, self._middle)

    def pan(self, right: float, down: float) -> None:
        """Moves the picture by logical pixels, as far as it may go."""
        view = self._view
        self._become(view.zoom, view.left + right, view.top + down)

    @property
    def _middle(self) -> Point:
        return self._size[0] / 2, self._size[1] / 2

    def _fitting_zoom(self) -> float:
        across = max(self._size[0] - 2 * FRAME, 1.0) / self._box.width
        down = max(self._size[1] - 2 * FRAME, 1.0) / self._box.height
        return min(across, down, LARGEST / self._scale)

    def _zoom_to(self, zoom: float, at: Point) -> None:
        least = min(self._fitting_zoom() * SMALLEST, 1 / self._scale)
        zoom = min(max(zoom, least), LARGEST / self._scale)
        x, y = self._view.to_document(at)
        self._become(zoom, at[0] - x * zoom, at[1] - y * zoom)

    def _become(self, zoom: float, left: float, top: float) -> None:
        box, (width, height) = self._box, self._size
        left = _within(left, box.left * zoom, box.width * zoom, width)
        top = _within(top, box.top * zoom, box.height * zoom, height)
        self._view = View(zoom, left, top)
        self._fitted = False


def _within(offset: float, start: float, length: float, room: float) -> float:
    """The offset nearest to the given one at which enough of the picture can be seen."""
    seen = min(IN_SIGHT, length, room)
    return min(max(offset, seen - start - length), room - seen - start)
