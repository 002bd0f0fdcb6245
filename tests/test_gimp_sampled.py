"""A result over a source that the screen shows at another size, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gimp_plugin import load

sampled = load("sampled")
Screen = load("screen").Screen
Crop = load("draggan_wire.crop").Crop
Image = load("draggan_wire.messages").Image
FRAME = Crop(100, 200, 90, 60)


def random_pixels(width: int, height: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 4), dtype=np.uint8)


def screen_of(pixels: np.ndarray) -> object:
    return Screen(pixels.shape[1], pixels.shape[0], pixels.tobytes())


@pytest.mark.parametrize("size", [(90, 60), (45, 30), (31, 17), (1, 1)])
@pytest.mark.parametrize("corner", [(100, 200), (90, 190), (150, 240), (189, 259)])
def test_the_nearest_pixels_that_have_changed_are_laid_over(
    size: tuple[int, int], corner: tuple[int, int]
) -> None:
    width, height = size
    base, top = random_pixels(width, height, 1), random_pixels(40, 30, 2)
    marks = 255 * np.random.default_rng(3).integers(0, 2, (30, 40)).astype(np.uint8)
    changed, crop = Image("gray8", 40, 30, marks.tobytes()), Crop(*corner, 40, 30)
    laid = sampled.laid_on_screen(screen_of(base), FRAME, screen_of(top), crop, changed)
    expected = base.copy()
    for j in range(height):
        for i in range(width):
            x = int(FRAME.left + (i + 0.5) * FRAME.width / width) - crop.left
            y = int(FRAME.top + (j + 0.5) * FRAME.height / height) - crop.top
            if 0 <= x < 40 and 0 <= y < 30 and marks[y, x]:
                expected[j, i] = top[y, x]
    assert laid == screen_of(expected)


def test_what_lies_elsewhere_changes_nothing() -> None:
    base, top = screen_of(random_pixels(45, 30, 1)), screen_of(random_pixels(40, 30, 2))
    changed = Image("gray8", 40, 30, b"\xff" * 1200)
    assert sampled.laid_on_screen(base, FRAME, top, Crop(400, 0, 40, 30), changed) is base
