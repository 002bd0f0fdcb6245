"""Contact sheets: pictures where they belong, captions that can be read."""

from __future__ import annotations

import numpy as np

from draggan.contact_sheet import ContactSheet, tile_for


def flat(level: int, width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_each_picture_stands_in_its_place_with_its_caption_below() -> None:
    tile = tile_for((64, 32), 3, 2)
    assert tile == (256, 128)
    sheet = ContactSheet(3, 2, tile)
    empty = sheet.array.copy()
    sheet.put(2, 1, flat(9, 64, 32), caption="1234567")
    changed = (sheet.array != empty).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    height, width = empty.shape[:2]
    assert rows[0] > height / 2 and columns[0] > width * 2 / 3
    assert (sheet.array == 9).all(axis=2).sum() == 256 * 128
    below = changed[rows[0] + 128 :]
    assert 10 <= np.flatnonzero(below.any(axis=1)).size <= 24  # the height of the digits


def test_a_tile_has_the_shape_of_the_picture() -> None:
    assert tile_for((1024, 512), 4, 4) == (256, 128)
    assert tile_for((256, 1024), 4, 4) == (64, 256)


def test_sheets_of_many_pictures_stay_handy() -> None:
    for count in (1, 10, 64, 400):
        width, height = ContactSheet(count, 1, tile_for((1024, 1024), count, 1)).array.shape[1::-1]
        assert width <= max(8500, count * 70) and height < 300


def test_a_long_caption_keeps_to_its_own_tile() -> None:
    sheet = ContactSheet(3, 1, (256, 32))
    empty = sheet.array.copy()
    sheet.put(1, 0, flat(9, 64, 8), caption="a caption of many words, " * 3)
    changed = (sheet.array != empty).any(axis=(0, 2))
    columns = np.flatnonzero(changed)
    assert columns[0] >= 260 and columns[-1] < 2 * 260 + 4
