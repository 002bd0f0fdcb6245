"""Where pictures differ and one laid over another, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.gimp_plugin import load

changes = load("changes")
Crop = load("draggan_wire.crop").Crop
Image = load("draggan_wire.messages").Image
BYTES = load("draggan_wire.pixels").BYTES_PER_PIXEL


def random_picture(form: str, width: int, height: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, BYTES[form]), dtype=np.uint8)


def image_of(form: str, pixels: np.ndarray) -> object:
    return Image(form, pixels.shape[1], pixels.shape[0], pixels.tobytes())


@pytest.mark.parametrize("form", sorted(BYTES))
def test_a_pixel_has_changed_when_any_of_its_bytes_has(form: str) -> None:
    before = random_picture(form, 31, 17, 0)
    after = before.copy()
    after[3:9, 5:20, -1] ^= 1
    after[11, 2, 0] ^= 128
    changed = changes.changed_between(image_of(form, before), image_of(form, after))
    marks = np.frombuffer(changed.data, np.uint8).reshape(17, 31)
    assert (marks == 255 * (before != after).any(axis=2)).all()
    assert changed.format == "gray8"


def test_pictures_of_two_forms_are_not_compared() -> None:
    a, b = random_picture("rgba8", 4, 4, 0), random_picture("rgba8", 4, 5, 0)
    with pytest.raises(ValueError):
        changes.changed_between(image_of("rgba8", a), image_of("rgba8", b))


def test_pictures_look_alike_but_for_what_anybody_sees() -> None:
    before = np.full((8, 9, 4), 200, np.uint8)
    for change, alike in (((3, 10), True), ((3, 40), False), ((0, 10), True), ((0, 40), False)):
        after = before.copy()
        after[2, 3, change[0]] -= change[1]
        assert changes.look_alike(image_of("rgba8", before), image_of("rgba8", after)) == alike
    before[2, 3, 3] = after[2, 3, 3] = 0
    assert changes.look_alike(image_of("rgba8", before), image_of("rgba8", after))
    assert not changes.look_alike(image_of("rgba8", before), image_of("rgba8", after[1:]))


@pytest.mark.parametrize("form", ["graya8", "rgba8", "rgbaf32"])
@pytest.mark.parametrize("corner", [(90, 220), (130, 180), (95, 190), (400, 0)])
def test_only_what_has_changed_is_laid_over_wherever_the_crops_meet(
    form: str, corner: tuple[int, int]
) -> None:
    base, top = random_picture(form, 60, 50, 1), random_picture(form, 40, 30, 2)
    marks = 255 * np.random.default_rng(3).integers(0, 2, (30, 40)).astype(np.uint8)
    laid = changes.laid_over(
        image_of(form, base),
        Crop(100, 200, 60, 50),
        image_of(form, top),
        Crop(*corner, 40, 30),
        Image("gray8", 40, 30, marks.tobytes()),
    )
    expected = base.copy()
    for y in range(30):
        for x in range(40):
            column, row = corner[0] + x - 100, corner[1] + y - 200
            if 0 <= column < 60 and 0 <= row < 50 and marks[y, x]:
                expected[row, column] = top[y, x]
    assert laid.data == expected.tobytes()
