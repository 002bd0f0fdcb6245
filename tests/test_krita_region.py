"""Which pixels of a document are worked on, and whether they are still the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load

krita = fake_krita()
region = load("draggan_wire.workbench.region")
document = load("host.document")
errors = load("draggan_wire.errors")
Crop = load("draggan_wire.crop").Crop
Image = load("draggan_wire.messages").Image
HandleLine = load("draggan_wire.workbench.handles").HandleLine
Settings = load("draggan_wire.workbench.settings").Settings

ARROW = HandleLine((290.0, 200.0), (310.0, 200.0))


@pytest.fixture
def raw() -> Any:
    return fake_krita().open(600, 400)


@pytest.fixture
def picture(raw: Any) -> Any:
    return document.active_document()


def source(picture: Any, *lines: Any, **settings: Any) -> Any:
    return region.choose_source(picture, Settings(**settings), lines)


def test_everything_visible_of_the_whole_picture(picture: Any) -> None:
    assert source(picture, ARROW, region="whole") == region.Source("", Crop(0, 0, 600, 400))


def test_by_itself_a_square_around_all_handles_is_chosen(picture: Any) -> None:
    assert source(picture, ARROW, region="auto").crop == Crop(172, 72, 256, 256)


def test_the_square_also_takes_in_the_selection(picture: Any, raw: Any) -> None:
    raw.select(130, 150, 150, 50)
    assert source(picture, ARROW, region="auto").crop == Crop(40, 0, 360, 360)


def test_the_selection_alone_counts_where_it_is_asked_for(picture: Any, raw: Any) -> None:
    raw.select(50, 60, 100, 100)
    assert source(picture, ARROW, region="selection").crop == Crop(50, 60, 100, 100)


def test_of_a_selection_only_what_is_inside_the_picture_counts(picture: Any, raw: Any) -> None:
    raw.select(-50, 300, 150, 500)
    assert picture.selection_box() == (0, 300, 100, 400)


@pytest.mark.parametrize("area", [(), (700, 0, 20, 20), (-30, 10, 20, 20)])
def test_without_a_selection_inside_the_picture_there_is_no_such_region(
    picture: Any, raw: Any, area: tuple[int, ...]
) -> None:
    if area:
        raw.select(*area)
    with pytest.raises(errors.BadInput, match="no selection inside the picture"):
        source(picture, ARROW, region="selection")


def test_the_layer_that_is_active_is_the_source_where_layers_are(picture: Any, raw: Any) -> None:
    uid = raw.named("Background").uniqueId().toString()
    assert source(picture, ARROW, source="layer").layer == uid
    assert source(picture, ARROW, source="visible").layer == ""


def test_without_an_active_layer_there_is_a_sentence(picture: Any, raw: Any) -> None:
    raw.setActiveNode(None)
    with pytest.raises(errors.BadInput, match="No layer is active"):
        source(picture, ARROW, source="layer")


def test_without_handles_there_is_nothing_to_choose(picture: Any) -> None:
    with pytest.raises(errors.BadInput, match="There are no handles"):
        source(picture)


@pytest.mark.parametrize("point", [(-1.0, 5.0), (5.0, 400.5), (600.5, 5.0), (float("nan"), 5.0)])
def test_a_handle_outside_the_picture_is_refused(picture: Any, point: Any) -> None:
    for line in (HandleLine(point, (5.0, 5.0)), HandleLine((5.0, 5.0), point)):
        with pytest.raises(errors.BadInput, match="outside the picture"):
            source(picture, ARROW, line)


def test_a_handle_on_the_very_edge_is_inside(picture: Any) -> None:
    assert source(picture, HandleLine((0.0, 0.0), (600.0, 400.0)))


def test_a_crop_holds_points_up_to_its_edges() -> None:
    crop = Crop(10, 20, 30, 40)
    assert region.holds(crop, [(10, 20), (40, 60)])
    assert not region.holds(crop, [(25, 30), (9.9, 30)])
    assert not region.holds(crop, [(25, 60.1)])


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
