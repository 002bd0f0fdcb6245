"""Which pixels of a document are worked on, and whether they are still the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from draggan_wire.crop import Box, Crop
from draggan_wire.errors import BadInput
from draggan_wire.messages import Image
from draggan_wire.pixels import MAX_BUFFER
from draggan_wire.workbench import region
from draggan_wire.workbench.handles import HandleLine
from draggan_wire.workbench.settings import Settings

LAYER, COVERED = "7", Crop(100, 50, 400, 300)
ARROW = HandleLine((290.0, 200.0), (310.0, 200.0))
FAR = 20_000


@dataclass
class Picture:
    """A document of 600 x 400 pixels with one layer, which covers a part of it."""

    size: tuple[int, int] = (600, 400)
    covered: Crop = COVERED
    selected: Box | None = None
    active: str = LAYER
    bytes_per_pixel: int = 4

    def frame(self, layer: str) -> Crop:
        return self.covered if layer else Crop(0, 0, *self.size)

    def selection_box(self) -> Box | None:
        return self.selected

    def active_layer(self) -> str:
        return self.active


@pytest.fixture
def picture() -> Picture:
    return Picture()


def source(picture: Picture, *lines: HandleLine, **settings: Any) -> region.Source:
    return region.choose_source(picture, Settings(**settings), lines)


def arrow(x: float, y: float) -> HandleLine:
    return HandleLine((x - 10, y), (x + 10, y))


# What is chosen.


def test_everything_visible_of_the_whole_picture(picture: Picture) -> None:
    assert source(picture, ARROW, region="whole") == region.Source("", Crop(0, 0, 600, 400))


def test_by_itself_a_square_around_all_handles_is_chosen(picture: Picture) -> None:
    assert source(picture, ARROW, region="auto").crop == Crop(172, 72, 256, 256)


def test_the_square_also_takes_in_the_selection(picture: Picture) -> None:
    picture.selected = (130, 150, 280, 200)
    assert source(picture, ARROW, region="auto").crop == Crop(40, 0, 360, 360)


def test_the_selection_alone_counts_where_it_is_asked_for(picture: Picture) -> None:
    picture.selected = (50, 60, 150, 160)
    assert source(picture, ARROW, region="selection").crop == Crop(50, 60, 100, 100)


def test_without_a_selection_there_is_no_such_region(picture: Picture) -> None:
    with pytest.raises(BadInput, match="no selection inside the picture"):
        source(picture, ARROW, region="selection")


def test_the_active_layer_is_the_source_where_layers_are(picture: Picture) -> None:
    assert source(picture, ARROW, source="layer").layer == LAYER
    assert source(picture, ARROW, source="visible").layer == ""


def test_without_an_active_layer_there_is_a_sentence(picture: Picture) -> None:
    picture.active = ""
    with pytest.raises(BadInput, match="No layer is active"):
        source(picture, ARROW, source="layer")


# A layer that covers a part of the picture.


def test_of_a_layer_the_whole_is_what_it_covers(picture: Picture) -> None:
    assert source(picture, ARROW, source="layer", region="whole").crop == picture.covered


def test_the_square_around_handles_stays_inside_the_layer(picture: Picture) -> None:
    crop = source(picture, arrow(120, 60), source="layer", region="auto").crop
    assert crop == Crop(100, 50, 256, 256)


def test_of_a_selection_only_what_lies_in_the_layer_counts(picture: Picture) -> None:
    picture.selected = (0, 0, 200, 150)
    crop = source(picture, arrow(150, 100), source="layer", region="selection").crop
    assert crop == Crop(100, 50, 100, 100)
    picture.selected = (0, 0, 90, 400)
    with pytest.raises(BadInput, match="no selection"):
        source(picture, ARROW, source="layer", region="selection")
    assert source(picture, ARROW, source="layer", region="auto").crop.width == 256


@pytest.mark.parametrize("point", [(99.0, 200.0), (300.0, 351.0)])
def test_a_handle_beside_the_layer_is_refused_as_such(picture: Picture, point: Any) -> None:
    with pytest.raises(BadInput, match="outside the layer"):
        source(picture, HandleLine(point, (300.0, 200.0)), source="layer")
    assert source(picture, HandleLine(point, (300.0, 200.0)), source="visible")


# Handles.


def test_without_handles_there_is_nothing_to_choose(picture: Picture) -> None:
    with pytest.raises(BadInput, match="There are no handles"):
        source(picture)


def test_ahead_of_the_handles_only_what_does_not_depend_on_them_is_chosen(
    picture: Picture,
) -> None:
    picture.selected = (50, 60, 150, 160)
    for name, crop in (("whole", Crop(0, 0, 600, 400)), ("selection", Crop(50, 60, 100, 100))):
        assert region.choose_source(picture, Settings(region=name), None).crop == crop
    with pytest.raises(BadInput, match="There are no handles"):
        region.choose_source(picture, Settings(region="auto"), None)


@pytest.mark.parametrize("point", [(-1.0, 5.0), (5.0, 400.5), (600.5, 5.0), (float("nan"), 5.0)])
def test_a_handle_outside_the_picture_is_refused(picture: Picture, point: Any) -> None:
    for line in (HandleLine(point, (5.0, 5.0)), HandleLine((5.0, 5.0), point)):
        for name in ("visible", "layer"):
            with pytest.raises(BadInput, match="outside the picture"):
                source(picture, ARROW, line, source=name)


def test_a_handle_on_the_very_edge_is_inside(picture: Picture) -> None:
    assert source(picture, HandleLine((0.0, 0.0), (600.0, 400.0)))


# What is too large to send.


def test_a_whole_that_is_too_large_becomes_the_square_around_the_handles() -> None:
    huge = Picture(size=(FAR, FAR))
    crop = source(huge, arrow(9000, 9000), region="whole").crop
    assert crop == Crop(8872, 8872, 256, 256)


def test_how_much_can_be_sent_depends_on_the_depth() -> None:
    lines = (arrow(2000, 2000),)
    for depth, whole in ((4, True), (8, True), (16, False)):
        picture = Picture(size=(4000, 4000), bytes_per_pixel=depth)
        assert (source(picture, *lines, region="whole").crop.width == 4000) is whole


def test_around_handles_that_are_far_apart_the_margin_gives_way() -> None:
    picture = Picture(size=(FAR, FAR), bytes_per_pixel=16)
    lines = (HandleLine((6000.0, 6000.0), (8400.0, 6000.0)),)
    crop = source(picture, *lines, region="auto").crop
    assert crop.width < 2 * 2400 and region.holds(crop, region.ends_of(lines))
    assert crop.width * crop.height * 16 <= MAX_BUFFER


def test_a_selection_too_large_to_be_taken_in_is_left_out() -> None:
    picture = Picture(size=(FAR, FAR), selected=(0, 0, FAR, FAR))
    assert source(picture, arrow(9000, 9000), region="auto").crop.width == 256


@pytest.mark.parametrize("name", ["auto", "selection", "whole"])
def test_what_cannot_be_sent_at_all_is_refused_in_words(name: str) -> None:
    picture = Picture(size=(FAR, FAR), selected=(0, 0, FAR, FAR))
    with pytest.raises(BadInput, match="too large"):
        source(picture, HandleLine((0.0, 0.0), (19_000.0, 19_000.0)), region=name)


# Going on with what is open.


def opened(crop: Crop, name: str) -> region.Opened:
    terms = region.Terms(name, "critters", "fast")
    return region.Opened(region.Source("", crop), terms, Image("gray8", 1, 1, b"\0"))


def goes_on(picture: Picture, crop: Crop, name: str, *lines: HandleLine) -> bool:
    wanted = source(picture, *lines, region=name)
    return region.goes_on(picture, opened(crop, name), wanted, lines)


def test_what_was_chosen_around_handles_does_as_long_as_it_holds_them(picture: Picture) -> None:
    crop = Crop(172, 72, 256, 256)
    assert goes_on(picture, crop, "auto", arrow(350, 250))
    assert not goes_on(picture, crop, "auto", arrow(425, 250))


def test_a_whole_does_until_it_is_another(picture: Picture) -> None:
    assert goes_on(picture, Crop(0, 0, 600, 400), "whole", ARROW)
    crop = Crop(0, 0, 600, 400)
    picture.size = (700, 400)
    wanted = source(picture, arrow(650, 200), region="whole")
    assert not region.goes_on(picture, opened(crop, "whole"), wanted, (arrow(650, 200),))


def test_a_part_in_place_of_a_whole_that_is_too_large_does_while_it_holds_the_handles() -> None:
    huge = Picture(size=(FAR, FAR))
    crop = source(huge, arrow(9000, 9000), region="whole").crop
    assert goes_on(huge, crop, "whole", arrow(9050, 9000))
    assert not goes_on(huge, crop, "whole", arrow(9500, 9000))


def test_another_selection_is_another_part(picture: Picture) -> None:
    picture.selected = (50, 60, 150, 160)
    assert goes_on(picture, Crop(50, 60, 100, 100), "selection", ARROW)
    assert not goes_on(picture, Crop(0, 0, 600, 400), "selection", ARROW)


def test_a_crop_holds_points_up_to_its_edges() -> None:
    crop = Crop(10, 20, 30, 40)
    assert region.holds(crop, [(10, 20), (40, 60)])
    assert not region.holds(crop, [(25, 30), (9.9, 30)])
    assert not region.holds(crop, [(25, 60.1)])


# What may move.

MASK = Image("gray8", 4, 1, b"\0\0\x01\xff")
CROP = Crop(10, 20, 4, 1)


def move(x: float) -> HandleLine:
    return HandleLine((x, 20.5), (x, 20.0))


def test_at_least_one_handle_begins_where_something_may_move() -> None:
    region.check_mask_holds(MASK, CROP, [move(10.5), move(12.5)])
    region.check_mask_holds(MASK, CROP, [move(14.0)])  # the very edge
    region.check_mask_holds(None, CROP, [move(10.5)])
    region.check_mask_holds(MASK, CROP, [HandleLine((10.5, 20.5), (10.5, 20.5))])  # a pin


@pytest.mark.parametrize(("painted", "words"), [(False, "selection"), (True, "painted")])
def test_handles_where_nothing_may_move_are_refused(painted: bool, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        region.check_mask_holds(MASK, CROP, [move(10.5), move(11.9)], painted=painted)


# Whether it has changed.


def test_a_picture_is_known_again_at_its_step() -> None:
    looks = region.Looks()
    looks.remember(Image("gray8", 2, 1, b"ab"), 0)
    looks.remember(Image("gray8", 2, 1, b"cd"), 7)
    assert looks.step_of(Image("gray8", 2, 1, bytearray(b"cd"))) == 7
    assert looks.step_of(Image("gray8", 2, 1, b"ef")) is None


def test_the_same_bytes_in_another_shape_are_another_picture() -> None:
    looks = region.Looks()
    looks.remember(Image("gray8", 4, 1, b"abcd"), 3)
    assert looks.step_of(Image("gray8", 1, 4, b"abcd")) is None
    assert looks.step_of(Image("bgra8", 1, 1, b"abcd")) is None
