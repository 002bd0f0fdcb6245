"""The crop: square, inside the document, around all that matters."""

from __future__ import annotations

import random

from draggan_wire.crop import Crop, choose_crop


def test_without_handles_and_selection_it_is_the_whole_document() -> None:
    assert choose_crop(300, 200, []) == Crop(0, 0, 300, 200)


def test_handles_get_a_square_with_their_surroundings() -> None:
    crop = choose_crop(2000, 2000, [(900.0, 1000.0), (1300.0, 1100.0)])
    assert crop == Crop(700, 650, 800, 800)


def test_the_selection_counts_as_much_as_the_handles() -> None:
    crop = choose_crop(2000, 2000, [(500.0, 500.0)], (400, 400, 1000, 600), margin=0.0)
    assert crop == Crop(400, 200, 600, 600)


def test_a_single_point_gets_the_least_size() -> None:
    crop = choose_crop(2000, 2000, [(1000.0, 1000.0)])
    assert (crop.width, crop.height) == (256, 256)


def test_at_the_border_the_square_is_shifted_not_shrunk() -> None:
    assert choose_crop(2000, 2000, [(1999.5, 3.0)]) == Crop(1744, 0, 256, 256)


def test_a_document_narrower_than_the_square_limits_that_side_only() -> None:
    assert choose_crop(3000, 100, [(1500.0, 50.0)]) == Crop(1372, 0, 256, 100)
    assert choose_crop(120, 100, [(60.0, 50.0)]) == Crop(0, 0, 120, 100)


def test_what_must_be_inside_is_inside_whatever_comes() -> None:
    chance = random.Random(0)
    for _ in range(500):
        width, height = chance.randint(1, 3000), chance.randint(1, 3000)
        points = [
            (chance.uniform(0, width), chance.uniform(0, height))
            for _ in range(chance.randint(1, 5))
        ]
        crop = choose_crop(width, height, points, margin=chance.choice((0.0, 0.5)))
        assert crop.left >= 0 and crop.left + crop.width <= width
        assert crop.top >= 0 and crop.top + crop.height <= height
        for point in points:
            x, y = crop.from_document(point)
            assert 0 <= x <= crop.width and 0 <= y <= crop.height


def test_a_selection_beyond_the_document_is_cut_to_it() -> None:
    assert choose_crop(400, 400, [], (-500, -500, 900, 900)) == Crop(0, 0, 400, 400)


def test_points_travel_there_and_back() -> None:
    crop = Crop(10, 20, 256, 256)
    assert crop.from_document((12.5, 20.25)) == (2.5, 0.25)
    assert crop.to_document((2.5, 0.25)) == (12.5, 20.25)
