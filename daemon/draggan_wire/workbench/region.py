"""Which pixels of a document an edit works on, and whether they are still the ones it has opened.

Standard library only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Protocol, Sequence, Tuple

from ..crop import Box, Crop, choose_crop
from ..errors import BadInput
from ..messages import Image, Point
from .handles import HandleLine
from .settings import Settings


class Readable(Protocol):
    """A document of the editor's, as far as a source is chosen in it."""

    @property
    def size(self) -> Tuple[int, int]:
        """Width and height in pixels."""

    def selection_box(self) -> Optional[Box]:
        """The selection's bounds inside the document, None without one."""

    def active_layer(self) -> str:
        """The id of the layer to work on, "" for none."""


@dataclass(frozen=True)
class Source:
    """What is read: everything visible, or one layer by its id, inside a crop."""

    layer: str  # "" = everything visible
    crop: Crop


@dataclass(frozen=True)
class Terms:
    """The settings that an edit was opened by; with other ones, another edit begins."""

    region: str
    model: str
    quality: str

    @staticmethod
    def of(settings: Settings) -> Terms:
        return Terms(settings.region, settings.model, settings.quality)

    def applied_to(self, settings: Settings) -> Settings:
        return replace(settings, region=self.region, model=self.model, quality=self.quality)


@dataclass(frozen=True)
class Opened:
    """The pixels that an edit has been opened with."""

    source: Source
    terms: Terms
    image: Image


def choose_source(document: Readable, settings: Settings, lines: Sequence[HandleLine]) -> Source:
    """What the settings and the handles ask for. Raises BadInput for nothing usable."""
    if not lines:
        raise BadInput(
            "There are no handles.",
            hint="Click 'Place handles' and draw an arrow on the picture.",
        )
    _check_inside(lines, document.size)
    layer = _layer(document) if settings.source == "layer" else ""
    return Source(layer, _crop(document, settings.region, lines))


def _layer(document: Readable) -> str:
    layer = document.active_layer()
    if not layer:
        raise BadInput("No layer is active.", hint="Choose one, or work on everything visible.")
    return layer


def _crop(document: Readable, region: str, lines: Sequence[HandleLine]) -> Crop:
    width, height = document.size
    box = document.selection_box()
    if region == "whole":
        return Crop(0, 0, width, height)
    if region == "selection":
        if box is None:
            raise BadInput(
                "There is no selection inside the picture.",
                hint="Select a part of it, or choose another region.",
            )
        return choose_crop(width, height, (), box, margin=0, least=64)
    return choose_crop(width, height, ends_of(lines), box)


def ends_of(lines: Sequence[HandleLine]) -> List[Point]:
    return [point for line in lines for point in (line.start, line.target)]


def _check_inside(lines: Sequence[HandleLine], size: Tuple[int, int]) -> None:
    for x, y in ends_of(lines):
        if not (0 <= x <= size[0] and 0 <= y <= size[1]):
            raise BadInput(
                "A handle lies outside the picture.",
                hint="Move it inside, or delete it.",
            )


def holds(crop: Crop, points: Sequence[Point]) -> bool:
    """Whether all points are inside the crop."""
    inside = (crop.from_document(point) for point in points)
    return all(0 <= x <= crop.width and 0 <= y <= crop.height for x, y in inside)


class Looks:
    """What the source looked like at steps of the edit: tells whether it has changed since."""

    def __init__(self) -> None:
        self._steps: Dict[bytes, int] = {}

    def remember(self, image: Image, step: int) -> None:
        self._steps[_digest(image)] = step

    def step_of(self, image: Image) -> Optional[int]:
        """The step that looks just so, None for something new."""
        return self._steps.get(_digest(image))


def _digest(image: Image) -> bytes:
    form = f"{image.format}/{image.width}x{image.height}/"
    digest = hashlib.blake2b(form.encode(), digest_size=16)
    digest.update(image.data)
    return digest.digest()
