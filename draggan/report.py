"""What an edit looks like: before and after with handles drawn, and its animation; imports Pillow.

The animation is an animated WebP rather than a GIF: a drag's result keeps the photo's own grain and
soft shading, which 256 colours turn into bands and which compresses to about a fifth of the GIF.
Browsers, GIMP and the picture viewers of current desktops play it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from draggan.writing import replacing

Point = tuple[float, float]

_PANEL_SIDE = 1024  # the longer side of a panel is scaled down to this
_SMALL_SIDE = 384  # and up to this
_SMOOTH = 3  # marks are drawn this much larger, then scaled down: smooth edges

_DARK = (20, 20, 24, 255)
_LIGHT = (255, 255, 255, 255)
_HANDLE = (235, 64, 52, 255)
_TARGET = (52, 120, 235, 255)
_PIN = (250, 200, 40, 255)
_PAPER = (246, 246, 244)


@dataclass(frozen=True)
class Mark:
    """A handle, where it started, is now, and should go; (x, y) in pixels of the picture.

    A mark whose start is its target is a pin.
    """

    start: Point
    now: Point
    target: Point

    @property
    def pinned(self) -> bool:
        return self.start == self.target


def before_after(before: np.ndarray, after: np.ndarray, marks: Sequence[Mark]) -> np.ndarray:
    """Both pictures side by side: uint8 (H, W, 3 or 4) of one size each -> uint8 (H', W', 3).

    Before: an arrow from each handle to its target. After: where the handles have come to.
    """
    started = [Mark(mark.start, mark.start, mark.target) for mark in marks]
    panels = [_panel(before, started, "before"), _panel(after, marks, "after")]
    gap = max(8, panels[0].width // 48)
    width = sum(panel.width for panel in panels) + 3 * gap
    sheet = Image.new("RGB", (width, panels[0].height + 2 * gap), _PAPER)
    for index, panel in enumerate(panels):
        sheet.paste(panel, (gap + index * (panel.width + gap), gap))
    return np.asarray(sheet)


def write_animation(
    path: str | Path, frames: Iterable[tuple[np.ndarray, Sequence[Mark]]], *, seconds: float = 3.0
) -> None:
    """Writes the frames as an endless animated WebP that rests at both ends. Raises CannotWrite.

    frames: at least one (uint8 (H, W, 3 or 4), marks), taken one by one
    seconds: how long the movement takes
    """
    images = [_marked(*_on_paper(array), marks) for array, marks in frames]
    step = min(200, max(40, round(1000 * seconds / len(images))))
    durations = [step] * len(images)
    durations[0], durations[-1] = 800, 1500
    _save_webp(path, images[0], images[1:], durations)


def write_loop(
    path: str | Path, frames: Iterable[np.ndarray], *, count: int, seconds: float
) -> None:
    """Writes `count` frames, the last of which leads to the first, as an endless animated WebP.

    The frames, uint8 (H, W, 3 or 4), are taken one by one and not kept. Raises CannotWrite.
    """
    images = (_on_paper(array)[0] for array in frames)
    first, duration = next(images), max(1, round(1000 * seconds / count))
    rest = [_Film(images, count - 1)] if count > 1 else []
    _save_webp(path, first, rest, [duration] * count)


class _Film:
    """Pictures that are made while Pillow asks for one after the other, as of an animated file."""

    def __init__(self, images: Iterator[Image.Image], count: int) -> None:
        self._images = images
        self._next = 0
        self.n_frames = count

    def seek(self, index: int) -> None:
        assert index == self._next
        self._image = next(self._images)
        self._next += 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._image, name)


def _save_webp(
    path: str | Path,
    first: Image.Image,
    rest: Sequence[Image.Image | _Film],
    durations: Sequence[int],
) -> None:
    """`durations` in milliseconds, one for each frame."""
    with replacing(path) as file:
        first.save(
            file,
            format="WEBP",
            save_all=True,
            append_images=rest,
            duration=durations,
            loop=0,
            quality=88,
            method=4,
        )


def _panel(array: np.ndarray, marks: Sequence[Mark], caption: str) -> Image.Image:
    picture = _marked(*_on_paper(array), marks)
    size = max(14, picture.width // 28)
    panel = Image.new("RGB", (picture.width, picture.height + size * 7 // 4), _PAPER)
    panel.paste(picture, (0, 0))
    ImageDraw.Draw(panel).text(
        (picture.width / 2, picture.height + size),
        caption,
        fill=_DARK[:3],
        font=ImageFont.load_default(size),
        anchor="mm",
    )
    return panel


def _on_paper(array: np.ndarray) -> tuple[Image.Image, float]:
    """The picture as opaque RGB at a readable size, and how much larger it has become."""
    image = Image.fromarray(array)
    longest = max(image.size)
    scale = min(1.0, _PANEL_SIDE / longest)
    if longest < _SMALL_SIDE:
        scale = float(-(-_SMALL_SIDE // longest))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    if image.mode == "RGBA":
        image = Image.alpha_composite(_checkerboard(image.size), image)
    return image.convert("RGB"), scale


def _checkerboard(size: tuple[int, int], square: int = 12) -> Image.Image:
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    gray = np.where((x // square + y // square) % 2, 204, 240).astype(np.uint8)
    return Image.fromarray(gray).convert("RGBA")


# Marks: light lines with a dark rim can be read on any picture.


def _marked(image: Image.Image, scale: float, marks: Sequence[Mark]) -> Image.Image:
    large = (image.width * _SMOOTH, image.height * _SMOOTH)
    overlay = Image.new("RGBA", large)
    draw = ImageDraw.Draw(overlay)
    unit = _SMOOTH * max(2.0, max(image.size) / 180)  # half the width of an arrow's shaft
    for mark in marks:
        factor = scale * _SMOOTH
        now = (mark.now[0] * factor, mark.now[1] * factor)
        target = (mark.target[0] * factor, mark.target[1] * factor)
        if mark.pinned:
            _square(draw, now, 2.0 * unit)
            continue
        _arrow(draw, now, target, unit)
        _dot(draw, target, 1.9 * unit, _TARGET)
        _dot(draw, now, 1.9 * unit, _HANDLE)
    # Colours of see-through pixels must not darken the rims: premultiplied while scaling.
    small = overlay.convert("RGBa").resize(image.size, Image.Resampling.BOX).convert("RGBA")
    return Image.alpha_composite(image.convert("RGBA"), small).convert("RGB")


def _dot(
    draw: ImageDraw.ImageDraw, centre: Point, radius: float, fill: tuple[int, int, int, int]
) -> None:
    for grown, colour in ((1.8, _DARK), (1.5, _LIGHT), (1.0, fill)):
        r = radius * grown
        draw.ellipse((centre[0] - r, centre[1] - r, centre[0] + r, centre[1] + r), fill=colour)


def _square(draw: ImageDraw.ImageDraw, centre: Point, radius: float) -> None:
    for grown, colour in ((1.8, _DARK), (1.5, _LIGHT), (1.0, _PIN)):
        r = radius * grown
        draw.rectangle((centre[0] - r, centre[1] - r, centre[0] + r, centre[1] + r), fill=colour)


def _arrow(draw: ImageDraw.ImageDraw, start: Point, end: Point, unit: float) -> None:
    """A shaft with a head that ends where the target's dot begins."""
    along = np.subtract(end, start)
    length = float(np.hypot(*along))
    if length < 6.5 * unit:  # the two dots touch: nothing of an arrow would show
        return
    along = along / length
    across = np.array([-along[1], along[0]])
    tip = np.asarray(end) - along * 3.2 * unit
    neck = tip - along * 3.2 * unit
    for rim, colour in ((0.6 * unit, _DARK), (0.0, _LIGHT)):
        width = max(1, round(1.1 * unit + 2 * rim))
        draw.line([*start, *(neck + along * unit)], fill=colour, width=width)
        head = [tip + along * rim * 1.6, neck + across * (1.9 * unit + rim * 1.3) - along * rim]
        head.append(neck - across * (1.9 * unit + rim * 1.3) - along * rim)
        draw.polygon([(float(x), float(y)) for x, y in head], fill=colour)
