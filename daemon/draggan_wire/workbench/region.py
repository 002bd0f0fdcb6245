"""Which pixels of a document an edit works on, and whether they are still the ones it has opened.

Standard library only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Protocol, Sequence

from ..crop import LEAST, MARGIN, Box, Crop, choose_crop
from ..errors import BadInput
from ..messages import Image, Point
from ..pixels import MAX_BUFFER, MAX_PIXELS, MAX_SIDE
from .handles import HandleLine
from .settings import Settings

NARROWER = (MARGIN, MARGIN / 2, MARGIN / 8)  # margins around handles, until the crop can be sent


class Readable(Protocol):
    """A document of the editor's, as far as a source is chosen in it."""

    @property
    def bytes_per_pixel(self) -> int:
        """Of the format in which its pixels are read."""

    def frame(self, layer: str) -> Crop:
        """The part of the document that a source covers: all of it for "", else for a layer's id.

        Raises BadInput for a layer that is gone, or that covers nothing.
        """

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
    angle: float = 0.0  # degrees

    @staticmethod
    def of(settings: Settings) -> Terms:
        return Terms(settings.region, settings.model, settings.quality, settings.angle)

    def applied_to(self, settings: Settings) -> Settings:
        return replace(
            settings,
            region=self.region,
            model=self.model,
            quality=self.quality,
            angle=self.angle,
        )


@dataclass(frozen=True)
class Opened:
    """The pixels that an edit has been opened with."""

    source: Source
    terms: Terms
    image: Image


def choose_source(
    document: Readable, settings: Settings, lines: Optional[Sequence[HandleLine]]
) -> Source:
    """What the settings and the handles ask for. Raises BadInput for nothing usable.

    Without handles yet (None) only where they do not matter.
    """
    if lines is not None and not lines:
        raise _no_handles()
    layer = _layer(document) if settings.source == "layer" else ""
    frame = document.frame(layer)
    points = ends_of(lines or ())
    _check_inside(points, document.frame(""), frame)
    crop = _crop(document, settings.region, frame, points)
    return Source(layer, crop)


def goes_on(
    document: Readable, opened: Opened, wanted: Source, lines: Sequence[HandleLine]
) -> bool:
    """Whether the crop that is open does for what is wanted now.

    One that was chosen around handles does as long as it holds them; any other is chosen for good.
    """
    crop, region = opened.source.crop, opened.terms.region
    if wanted.crop == crop:
        return True
    around = region == "auto" or (region == "whole" and crop != document.frame(wanted.layer))
    return around and holds(crop, ends_of(lines))


def _layer(document: Readable) -> str:
    layer = document.active_layer()
    if not layer:
        raise BadInput("No layer is active.", hint="Choose one, or work on everything visible.")
    return layer


def _crop(document: Readable, region: str, frame: Crop, points: List[Point]) -> Crop:
    size = document.bytes_per_pixel
    if region == "whole" and can_be_sent(frame, size):
        return frame
    box = _inside(document.selection_box(), frame)
    if region == "selection":
        if box is None:
            raise BadInput(
                "There is no selection inside the picture.",
                hint="Select a part of it, or choose another region.",
            )
        return _sendable([_square(frame, (), box, margin=0, least=64)], size)
    if not points:
        raise _no_handles()
    crops = [_square(frame, points, box, margin=margin) for margin in NARROWER]
    return _sendable([*crops, _square(frame, points, None, margin=NARROWER[-1])], size)


def _square(
    frame: Crop,
    points: Sequence[Point],
    box: Optional[Box],
    *,
    margin: float = MARGIN,
    least: int = LEAST,
) -> Crop:
    """`choose_crop` inside a part of the document."""
    inside = [frame.from_document(point) for point in points]
    if box is not None:
        box = (*frame.from_document(box[:2]), *frame.from_document(box[2:]))
    crop = choose_crop(frame.width, frame.height, inside, box, margin=margin, least=least)
    return replace(crop, left=crop.left + frame.left, top=crop.top + frame.top)


def _sendable(crops: Sequence[Crop], bytes_per_pixel: int) -> Crop:
    """The first of them that is not too large."""
    for crop in crops:
        if can_be_sent(crop, bytes_per_pixel):
            return crop
    raise BadInput(
        "The part of the picture that is to be sent is too large.",
        hint="Select a smaller part, place the handles nearer to each other, or scale it down.",
    )


def can_be_sent(crop: Crop, bytes_per_pixel: int) -> bool:
    """Whether the wire carries so many pixels."""
    pixels = crop.width * crop.height
    fits = pixels <= MAX_PIXELS and pixels * bytes_per_pixel <= MAX_BUFFER
    return fits and max(crop.width, crop.height) <= MAX_SIDE


def _inside(box: Optional[Box], frame: Crop) -> Optional[Box]:
    if box is None:
        return None
    left, top = max(box[0], frame.left), max(box[1], frame.top)
    right = min(box[2], frame.left + frame.width)
    bottom = min(box[3], frame.top + frame.height)
    return (left, top, right, bottom) if right > left and bottom > top else None


def ends_of(lines: Sequence[HandleLine]) -> List[Point]:
    return [point for line in lines for point in (line.start, line.target)]


def _no_handles() -> BadInput:
    return BadInput(
        "There are no handles.",
        hint="Draw an arrow on the picture: from what is grabbed to where it should go.",
    )


def _check_inside(points: Sequence[Point], picture: Crop, frame: Crop) -> None:
    if not holds(picture, points):
        raise BadInput("A handle lies outside the picture.", hint="Move it inside, or delete it.")
    if not holds(frame, points):
        raise BadInput(
            "A handle lies outside the layer.",
            hint="Move it inside, delete it, or work on everything visible.",
        )


def holds(crop: Crop, points: Sequence[Point]) -> bool:
    """Whether all points are inside the crop."""
    inside = (crop.from_document(point) for point in points)
    return all(0 <= x <= crop.width and 0 <= y <= crop.height for x, y in inside)


def check_mask_holds(
    mask: Optional[Image], crop: Crop, lines: Sequence[HandleLine], *, painted: bool = False
) -> None:
    """Raises BadInput where no handle that is to go somewhere begins where something may move.

    `painted` tells that the mask is no selection.
    """
    moving = [line for line in lines if not line.pinned]
    if mask is None or not moving or any(_may_move(mask, crop, line) for line in moving):
        return
    if painted:
        raise BadInput(
            "The handles lie outside what is painted, so nothing there may move.",
            hint="Paint around them what may move, or clear the paint.",
        )
    raise BadInput(
        "The handles lie outside the selection, so nothing there may move.",
        hint="Select what may move around them, or select nothing.",
    )


def _may_move(mask: Image, crop: Crop, line: HandleLine) -> bool:
    x, y = (int(value) for value in crop.from_document(line.start))
    x, y = min(x, mask.width - 1), min(y, mask.height - 1)
    return bool(bytes(mask.data[y * mask.width + x : y * mask.width + x + 1]).strip(b"\0"))


class Looks:
    """What the source looked like at steps of the edit: tells whether it has changed since."""

    def __init__(self) -> None:
        self._steps: Dict[bytes, int] = {}

    def remember(self, image: Image, step: int) -> None:
        self._steps[digest_of(image)] = step

    def step_of(self, image: Image) -> Optional[int]:
        """The step that looks just so, None for something new."""
        return self._steps.get(digest_of(image))


def digest_of(image: Image) -> bytes:
    """Tells pictures apart."""
    form = f"{image.format}/{image.width}x{image.height}/"
    digest = hashlib.blake2b(form.encode(), digest_size=16)
    digest.update(image.data)
    return digest.digest()
