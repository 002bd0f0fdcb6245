"""What is said where a border cuts off what moves, and that it helps."""

from __future__ import annotations

import pytest
from draggan_wire.crop import Crop
from draggan_wire.workbench.cut_off import AT_REGION, AT_SIGHT, cut_notes, sides_within

DOCUMENT = Crop(0, 0, 100, 80)
LAYER = Crop(20, 10, 50, 50)  # what it covers of the document


@pytest.mark.parametrize(
    ("cut", "crop", "whole"),
    [
        (("left",), Crop(1, 0, 99, 80), DOCUMENT),
        (("top",), Crop(0, 1, 100, 79), DOCUMENT),
        (("right",), Crop(0, 0, 99, 80), DOCUMENT),
        (("left", "bottom"), Crop(0, 0, 100, 79), DOCUMENT),
        (("left",), Crop(21, 10, 49, 50), LAYER),
        (("area",), Crop(0, 0, 99, 80), DOCUMENT),
    ],
)
def test_a_larger_region_is_advised_where_there_is_more(
    cut: tuple[str, ...], crop: Crop, whole: Crop
) -> None:
    assert cut_notes(cut, crop, whole) == (AT_REGION,)
    assert cut_notes(cut, crop, whole, at_region="Take more.") == ("Take more.",)


@pytest.mark.parametrize(
    ("cut", "crop", "whole"),
    [
        ((), Crop(10, 10, 20, 20), DOCUMENT),
        (("left", "top", "right", "bottom"), DOCUMENT, DOCUMENT),
        (("left", "top", "right", "bottom"), LAYER, LAYER),
        (("right",), Crop(50, 0, 50, 80), DOCUMENT),  # where the document ends as well
        (("of tomorrow",), Crop(10, 10, 20, 20), DOCUMENT),
    ],
)
def test_where_the_picture_ends_nothing_is_missed(
    cut: tuple[str, ...], crop: Crop, whole: Crop
) -> None:
    assert cut_notes(cut, crop, whole) == ()


def test_no_larger_region_is_advised_where_there_is_none() -> None:
    assert cut_notes(("area",), DOCUMENT, DOCUMENT) == (AT_SIGHT,)


def test_the_sides_of_a_part_are_those_beyond_which_the_whole_goes_on() -> None:
    assert sides_within(DOCUMENT, DOCUMENT) == sides_within(LAYER, LAYER) == ()
    assert sides_within(LAYER, DOCUMENT) == ("left", "top", "right", "bottom")
    assert sides_within(Crop(0, 0, 50, 80), DOCUMENT) == ("right",)
